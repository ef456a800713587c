namespace Checkpointing.SiloHost.Demo;

/// <summary>The outcome of the demo, as <c>--json</c> prints it.</summary>
internal sealed record DemoReport
{
    /// <summary>Whether every check held after every fault and at the end.</summary>
    public required bool Consistent { get; init; }

    /// <summary>Kills of single silos and of all silos.</summary>
    public int Kills => SiloKills + ClusterKills;

    /// <summary>How often a single silo was killed.</summary>
    public required int SiloKills { get; init; }

    /// <summary>How often all silos were killed at once.</summary>
    public required int ClusterKills { get; init; }

    /// <summary>How often all silos were replaced one by one.</summary>
    public required int RollingRestarts { get; init; }

    /// <summary>Grains that rolled back, summed over the kills of single silos; without those that lived on the dead silo.</summary>
    public required int GrainsRolledBack { get; init; }

    /// <summary>Grains of the bank that were active when a single silo was killed, summed likewise.</summary>
    public required int GrainsTotal { get; init; }

    /// <summary>From the kill of a single silo until all others knew of it; the median.</summary>
    public required double DetectionMsP50 { get; init; }

    /// <summary>From the kill of a single silo until transfers succeeded everywhere and no rollback was pending; the median.</summary>
    public required double RecoveryMsP50 { get; init; }

    /// <summary>Committed rounds.</summary>
    public required int Rounds { get; init; }

    /// <summary>Grains with a new permanent checkpoint, summed over the committed rounds.</summary>
    public required long Participants { get; init; }

    /// <summary>Records written, decisions included, summed over the committed rounds.</summary>
    public required long StableWrites { get; init; }

    /// <summary>Transfers acknowledged in the periods in which silos were killed, also after the kill.</summary>
    public required int TransfersBeforeKill { get; init; }

    /// <summary>Of these, transfers that were gone after the recovery. None of them had to be there.</summary>
    public required int TransfersLost { get; init; }

    /// <summary>From the first closed gate to the last opened one of a committed round, of several attempts the last; the median.</summary>
    public required double PauseMsP50 { get; init; }

    /// <summary>Likewise, of the longest in a hundred.</summary>
    public required double PauseMsP99 { get; init; }

    public required int Seed { get; init; }

    /// <summary>What did not hold, with ids.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>
    /// Grains that certainly had to roll back, as far as that can be told from outside, summed over the kills of single silos; without those that lived on the dead
    /// silo. One that did not is a failure.
    /// </summary>
    public required int GrainsThatHadToRollBack { get; init; }
}
