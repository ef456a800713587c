using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Coordination;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>RB-23: what silos and coordinator have found out is forgotten, and found out again if need be.</summary>
public sealed class ForgettingTests
{
    [Fact]
    public async Task Silos_forget_where_lives_have_ended_and_find_the_next_orphan_all_the_same()
    {
        await using var cluster = await RecoveryCluster.Start(
            silos: 4, configure: silo => silo.Services.Configure<RecoveryOptions>(recovery => recovery.Memory = TimeSpan.FromMilliseconds(400)));
        var (p, r) = (await cluster.OrphanToBe(0, "p"), await cluster.On<IParticipantGrain>(0, "r"));
        var rollbacks = cluster.SiloOf(0).ServiceProvider.GetRequiredService<LocalRollbacks>();
        await cluster.Lose(1);
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();

        await Eventually.Holds(() => rollbacks.Undone.IsEmpty);
        await r.Put(1);
        Assert.Equal((0, 1), (await p.Get(), await r.Get()));

        var y = await cluster.On<IParticipantGrain>(2, "y");
        await r.Put(1, self => self.Own(y).Put(1));
        await cluster.Lose(2);
        await cluster.UntilRolledBack(r);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 0, 2), (await p.Get(), await r.Get(), await y.Get(), cluster.RolledBack));
        await r.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.Checkpoint(r)).Status);
        await Eventually.Holds(() => rollbacks.Undone.IsEmpty);
    }
}
