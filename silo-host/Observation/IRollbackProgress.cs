namespace Checkpointing.SiloHost.Observation;

/// <summary>What a silo knows of the rollback that the loss of another one causes. Where none is registered, nobody knows.</summary>
internal interface IRollbackProgress
{
    /// <summary>
    /// True from the moment at which this silo hears of the loss of another one until, as far as it knows, no grain anywhere is left that has to roll back
    /// for it.
    /// </summary>
    bool IsPending { get; }
}
