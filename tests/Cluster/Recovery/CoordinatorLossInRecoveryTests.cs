using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.RollbackAlgorithm;
using Orleans.Core.Internal;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>RB-5: the coordinator goes in the middle of a recovery. The next one goes on from what it hears, and nobody stays stopped for ever.</summary>
public sealed class CoordinatorLossInRecoveryTests
{
    [Fact]
    public async Task A_recovery_begins_although_the_coordinator_was_on_the_silo_that_is_lost()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, r) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "r"));
        var x = await cluster.On<IParticipantGrain>(cluster.CoordinatorsSilo, "x");
        await p.Put(1, self => self.Own(x).Put(1));
        await p.Put(1, self => self.Own(r).Put(1));
        await cluster.Lose(cluster.CoordinatorsSilo);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 0, 2), (await p.Get(), await r.Get(), await x.Get(), cluster.RolledBack));
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    [Theory]
    [InlineData(nameof(SuspectsReported))]
    [InlineData(nameof(LifeEnded))]
    [InlineData(nameof(EndsInstalled))]
    [InlineData(nameof(ReadyToRollBack))]
    [InlineData(nameof(RolledBack))]
    public async Task A_recovery_ends_when_its_coordinator_is_deactivated(string whenItHears)
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, r) = (await cluster.OrphanToBe(0, "p"), await cluster.On<IParticipantGrain>(0, "r"));
        await p.Put(1, self => self.Own(r).Put(1));
        var deactivated = 0;
        cluster.Watch.Intercepts = async message =>
        {
            if (message.GetType().Name != whenItHears || Interlocked.Exchange(ref deactivated, 1) != 0)
                return false;

            // Not through the client: its gateway may be the silo that is being lost.
            await cluster.GrainsAt(cluster.CoordinatorsSilo).GetCheckpointCoordinator().AsReference<IGrainManagementExtension>().DeactivateOnIdle();
            return true;
        };
        var before = cluster.Outcomes.Silos.WaitForDeactivationAsync(cluster.Outcomes.Coordinator);
        await cluster.Lose(1);
        await before.WithTimeLimit();
        await cluster.UntilRecovered();
        Assert.Equal((1, 0, 0), (deactivated, await p.Get(), await r.Get()));
        Assert.Equal(2, cluster.RolledBack);
        await r.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    /// <summary>Everything that is said to the coordinator gets lost once.</summary>
    [Fact]
    public async Task What_is_lost_on_the_way_to_the_coordinator_is_said_again()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, r) = (await cluster.OrphanToBe(0, "p"), await cluster.On<IParticipantGrain>(0, "r"));
        await p.Put(1, self => self.Own(r).Put(1));
        var heard = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        cluster.Watch.Loses = message => heard.AddOrUpdate(message.GetType().Name, 1, (_, times) => times + 1) == 1;
        await cluster.Lose(1);
        await cluster.UntilRolledBack(p);
        await cluster.UntilRolledBack(r);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 2), (await p.Get(), await r.Get(), cluster.RolledBack));
        Assert.All(heard, message => Assert.True(message.Value > 1, message.Key));
        Assert.Superset(
            new HashSet<string> { nameof(SuspectsReported), nameof(LifeEnded), nameof(EndsInstalled), nameof(ReadyToRollBack), nameof(RolledBack) },
            heard.Keys.ToHashSet());
    }
}
