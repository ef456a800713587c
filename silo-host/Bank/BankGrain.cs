using Checkpointing.SiloHost.Observation;

namespace Checkpointing.SiloHost.Bank;

/// <summary>A grain of the bank. It tells its silo when it was rolled back, so that an observer can judge who was and who need not have been.</summary>
internal abstract class BankGrain(RolledBackGrains rolledBack) : Grain, ICheckpointObserver
{
    /// <summary>It starts again from the permanent checkpoint of this round.</summary>
    public void OnRolledBack(string round) => rolledBack.Add(this.GetGrainId(), round);
}
