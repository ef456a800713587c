using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
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

            await cluster.Outcomes.Coordinator.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
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

    /// <summary>RB-24: a silo has heard of a younger coordinator, which is gone again. The one that is there notices and makes room for a younger one yet.</summary>
    [Fact]
    public async Task A_coordinator_that_is_outdated_stops_and_the_next_one_recovers()
    {
        await using var cluster = await RecoveryCluster.Start();
        var p = await cluster.OrphanToBe(0, "p");
        var lost = 0;
        cluster.Watch.Loses = message => message is EndsInstalled { Epoch: 4 } && Interlocked.Increment(ref lost) > 0;
        await cluster.SiloOf(0).ServiceProvider.GetRequiredService<LocalRollbacks>().Install(new InstallEnds(Guid.NewGuid(), Epoch: 4, 0, []));
        await Eventually.Holds(() => Volatile.Read(ref lost) >= 1);
        cluster.Watch.Loses = static _ => false;
        await cluster.Lose(1);
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();

        // Those with the epochs 1 to 3.
        Assert.Equal((0, 1, 3), (await p.Get(), cluster.RolledBack, cluster.Logged("Another activation of the coordinator has taken over")));
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    /// <summary>RB-25: nothing is suspect, so nobody has anything to report, and no rounds are taken by themselves.</summary>
    [Fact]
    public async Task After_the_loss_of_its_silo_there_is_a_coordinator_again_although_nobody_asks_for_one()
    {
        await using var cluster = await RecoveryCluster.Start();
        var asked = 0;
        cluster.Watch.BeforeInstall = _ => Task.FromResult(Interlocked.Increment(ref asked));
        await cluster.Lose(cluster.CoordinatorsSilo);
        await Eventually.Holds(() => Volatile.Read(ref asked) >= 2);
    }

    /// <summary>RB-25: what it wanted to tell, or to be told, nobody else may know of.</summary>
    [Fact]
    public async Task A_coordinator_that_stops_while_it_has_something_to_do_is_followed_although_nobody_asks_for_one()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (asked, mayAnswer) = (0, new Signal());
        cluster.Watch.BeforeInstall = _ =>
        {
            Interlocked.Increment(ref asked);
            return mayAnswer.Happens;
        };
        await Deactivate();
        Assert.True(await cluster.IsRecovering());
        await Eventually.Holds(() => Volatile.Read(ref asked) == 3);
        await Deactivate();
        await Eventually.Holds(() => Volatile.Read(ref asked) == 6);
        mayAnswer.Set();
        await cluster.UntilRecovered();

        async Task Deactivate()
        {
            var deactivated = cluster.Outcomes.Silos.WaitForDeactivationAsync(cluster.Outcomes.Coordinator);
            await cluster.Outcomes.Coordinator.AsReference<IGrainManagementExtension>().DeactivateOnIdle();
            await deactivated.WithTimeLimit();
        }
    }

    /// <summary>A busy machine: the coordinator takes the silence of its own call for the sign that it is being deactivated.</summary>
    [Fact]
    public async Task A_coordinator_that_only_believes_that_it_is_being_deactivated_makes_room_for_the_next()
    {
        var (isSlow, mayAnswer) = (true, new Signal());
        await using var cluster = await RecoveryCluster.Start(configure: silo => silo.AddIncomingGrainCallFilter(async context =>
        {
            if (Volatile.Read(ref isSlow) && context.MethodName == nameof(ICheckpointCoordinatorControl.KeepAlive) && context.SourceId == context.TargetId)
                await mayAnswer.Happens;

            await context.Invoke();
        }));
        var p = await cluster.OrphanToBe(0, "p");
        var old = cluster.Outcomes.Silos.WaitForDeactivationAsync(cluster.Outcomes.Coordinator);
        cluster.Watch.BeforeInstall = _ => mayAnswer.Happens;
        await cluster.Lose(1);
        await cluster.Outcomes.Log.Until("The coordinator does not get its own calls");
        Volatile.Write(ref isSlow, false);
        mayAnswer.Set();
        await old.WithTimeLimit();
        await cluster.UntilRolledBack(p);
        await cluster.UntilRecovered();
        await p.Put(1);
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
