using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Coordination;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>RB-21: a grain that cannot start, because its stored checkpoint is damaged, does not keep all others from rolling back.</summary>
public sealed class UnreachableGrainTests
{
    [Fact]
    public async Task A_damaged_grain_holds_up_nobody_who_has_not_heard_from_it()
    {
        var store = new RecordStore();
        await using var cluster = await RecoveryCluster.Start(
            store: store, configure: silo => silo.Services.Configure<RecoveryOptions>(recovery => recovery.Patience = TimeSpan.FromSeconds(2)));
        var (p, r) = (await cluster.OrphanToBe(0, "p"), await cluster.On<IParticipantGrain>(0, "r"));
        var damaged = await cluster.On<IParticipantGrain>(1, "damaged");
        await damaged.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.Checkpoint(damaged)).Status);
        await r.Put(1, self => self.Own(damaged).Put(10));
        var good = store[RecordStore.SlotA, damaged.GetGrainId()]!;
        store.Put(RecordStore.SlotA, damaged.GetGrainId(), new StoredRecord { Format = good.Format, Checksum = good.Checksum + 1, Content = good.Content });

        await cluster.Lose(1);
        await cluster.UntilRolledBack(p);
        Assert.Equal((0, 1), (await p.Get(), cluster.RolledBack));
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.Checkpoint(p)).Status);
        Assert.Contains(cluster.Outcomes.Log.All, line => line.Text.StartsWith("1 grains depend on lost work and roll back now, although nobody has told of the end of participant/damaged", StringComparison.Ordinal));

        // Whoever has heard from it goes on too, but cannot be checkpointed, and is told why.
        var refused = await cluster.Outcomes.Checkpoint(r);
        Assert.Equal(CheckpointStatus.Aborted, refused.Status);
        Assert.Contains($"{damaged.GetGrainId()}", refused.Detail, StringComparison.Ordinal);
        Assert.True(await cluster.IsRecovering());

        store.Put(RecordStore.SlotA, damaged.GetGrainId(), good);
        await cluster.UntilRolledBack(r);
        await cluster.UntilRecovered();
        Assert.Equal((0, 1, 2), (await r.Get(), await damaged.Get(), cluster.RolledBack));
    }
}
