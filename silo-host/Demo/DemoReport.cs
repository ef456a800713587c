namespace Checkpointing.SiloHost.Demo;

/// <summary>The outcome of the demo, as <c>--json</c> prints it.</summary>
internal sealed record DemoReport
{
    /// <summary>Whether every check held after every kill and at the end.</summary>
    public required bool Consistent { get; init; }

    public required int Kills { get; init; }

    /// <summary>Committed rounds.</summary>
    public required int Rounds { get; init; }

    /// <summary>Grains with a new permanent checkpoint, summed over the committed rounds.</summary>
    public required long Participants { get; init; }

    /// <summary>Records written, decisions included, summed over the committed rounds.</summary>
    public required long StableWrites { get; init; }

    /// <summary>Transfers acknowledged in the periods that a kill ended.</summary>
    public required int TransfersBeforeKill { get; init; }

    /// <summary>Of these, transfers that were gone after the recovery. Each was acknowledged after the last committed round began.</summary>
    public required int TransfersLost { get; init; }

    public required double PauseMsP50 { get; init; }

    public required double PauseMsP99 { get; init; }

    public required int Seed { get; init; }

    /// <summary>What did not hold, with ids.</summary>
    public required IReadOnlyList<string> Failures { get; init; }
}
