namespace Checkpointing.SiloHost.Demo;

/// <summary>What the demo does.</summary>
internal sealed record DemoOptions
{
    public const long OpeningCents = 100_000;

    /// <summary>How many accounts the bank has.</summary>
    public int Accounts { get; init; } = 64;

    /// <summary>How long transfers run, over all periods between kills; starting silos comes on top.</summary>
    public TimeSpan Load { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How often all silos are killed.</summary>
    public int Kills { get; init; } = 3;

    /// <summary>How many silo processes run.</summary>
    public int Silos { get; init; } = 2;

    /// <summary>How many callers make transfers at the same time.</summary>
    public int Callers { get; init; } = 16;

    /// <summary>Seed of all random choices: who pays whom and how much, when checkpoints are asked for, when silos are killed.</summary>
    public required int Seed { get; init; }

    /// <summary>Folder of the store, the silos' output and the log of acknowledged transfers.</summary>
    public required string DataFolder { get; init; }

    /// <summary>How long transfers run between two kills, at most.</summary>
    public TimeSpan Period => Load / (Kills + 1);
}
