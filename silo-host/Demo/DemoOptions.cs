namespace Checkpointing.SiloHost.Demo;

/// <summary>What the demo does.</summary>
internal sealed record DemoOptions
{
    public const long OpeningCents = 100_000;
    public const double DefaultDetectionSeconds = 3;

    /// <summary>How many accounts the bank has.</summary>
    public int Accounts { get; init; } = 64;

    /// <summary>Into how many groups the accounts and ledgers fall. Transfers stay within a group.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>How long transfers run, over all periods; what the faults take comes on top.</summary>
    public TimeSpan Load { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a single silo is killed.</summary>
    public int SiloKills { get; init; }

    /// <summary>How often all silos are killed at once.</summary>
    public int ClusterKills { get; init; }

    /// <summary>How often all silos are replaced one by one, each after an orderly stop.</summary>
    public int RollingRestarts { get; init; }

    /// <summary>How many silo processes run.</summary>
    public int Silos { get; init; } = 3;

    /// <summary>How many callers make transfers at the same time.</summary>
    public int Callers { get; init; } = 16;

    /// <summary>About how long a silo may be silent before the others declare it dead.</summary>
    public TimeSpan DetectionTime { get; init; } = TimeSpan.FromSeconds(DefaultDetectionSeconds);

    /// <summary>Seed of all random choices: who pays whom and how much, when checkpoints are asked for, which faults come when.</summary>
    public required int Seed { get; init; }

    /// <summary>Folder of the store, the silos' output and the log of acknowledged transfers.</summary>
    public required string DataFolder { get; init; }

    /// <summary>One for each fault, and one at the end.</summary>
    public int Periods => SiloKills + ClusterKills + RollingRestarts + 1;

    /// <summary>How long transfers run before the fault of a period, at most.</summary>
    public TimeSpan Period => Load / Periods;
}
