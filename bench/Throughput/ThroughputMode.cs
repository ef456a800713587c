using Checkpointing.Bench.Grains;

namespace Checkpointing.Bench.Throughput;

/// <summary>What is compared: the same transfers, the same callers, another way to keep the state.</summary>
internal sealed record ThroughputMode(string Name, string AccountType, string TransferType, bool HasStore, bool HasCheckpointing, bool TakesRounds)
{
    public static readonly IReadOnlyList<ThroughputMode> All =
    [
        new("none", PlainGrains.Account, PlainGrains.Transfer, HasStore: false, HasCheckpointing: false, TakesRounds: false),
        new("writeState", PersistedGrains.Account, PersistedGrains.Transfer, HasStore: true, HasCheckpointing: false, TakesRounds: false),
        new("checkpointingIdle", CheckpointedGrains.Account, CheckpointedGrains.Transfer, HasStore: true, HasCheckpointing: true, TakesRounds: false),
        new("checkpointing", CheckpointedGrains.Account, CheckpointedGrains.Transfer, HasStore: true, HasCheckpointing: true, TakesRounds: true),
    ];
}
