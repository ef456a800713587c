namespace Checkpointing.SiloHost.Observation;

/// <summary>What a silo knows of the rollbacks that the loss of others causes. Where none is registered, nobody knows.</summary>
internal interface IRollbackProgress
{
    /// <summary>
    /// True if, as far as this silo knows, no grain is left anywhere that has to roll back because that silo is gone. Also true of one that stopped in order,
    /// or was gone before this silo started; false of a loss that the library has not heard of yet.
    /// </summary>
    bool IsOver(SiloAddress lost);
}
