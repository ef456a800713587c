using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core.Internal;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>Orphans that move to another silo while a loss is being recovered from (RB-12).</summary>
public sealed class MovingOrphanTests
{
    /// <summary>RB-12: the silo that it leaves has not been told yet what is undone, the one where it arrives has.</summary>
    [Fact]
    public async Task An_orphan_whose_silo_does_not_know_yet_is_found_where_it_arrives_before_its_first_turn_there()
    {
        await using var cluster = await RecoveryCluster.Start();
        var p = await cluster.OrphanToBe(0, "p");
        var (left, held, goOn) = (cluster.SiloOf(0).SiloAddress, new Signal(), new Signal());
        cluster.Watch.BeforeInstall = silo =>
        {
            if (!silo.Equals(left))
                return Task.CompletedTask;

            held.Set();
            return goOn.Happens;
        };

        // The silo where it arrives would find it a moment later, and report it.
        cluster.Watch.Loses = message => message is OrphansReported;
        await cluster.Lose(1);
        await held.Happens;

        // It is asked for as soon as it is idle. Its changes cannot be checkpointed, so they go along.
        await Placed.On(cluster.CoordinatorsSilo, () => p.AsReference<IGrainManagementExtension>().MigrateOnIdle().AsTask());
        await cluster.UntilReady(p);
        Assert.False(cluster.SiloOf(0).ServiceProvider.GetRequiredService<ParticipantRegistry>().TryGet(p.GetGrainId(), out _));
        Assert.Equal(0, cluster.RolledBack);

        goOn.Set();
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();
        Assert.Equal((0, 1), (await p.Get(), cluster.RolledBack));
    }
}
