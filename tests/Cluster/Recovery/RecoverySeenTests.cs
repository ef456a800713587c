using System.Diagnostics.Metrics;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Core.Internal;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>What the application and an operator see of a recovery.</summary>
public sealed class RecoverySeenTests
{
    [Fact]
    public async Task The_new_activation_is_told_once_and_logs_and_instruments_say_what_happened()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (first, never, q) = (await cluster.On<IObservingGrain>(0, "first"), await cluster.On<IObservingGrain>(0, "never"), await cluster.On<IParticipantGrain>(0, "q"));
        var x = await cluster.On<IParticipantGrain>(1, "x");
        var before = await cluster.On<IObservingGrain>(1, "lost");
        await before.Perform(Script.Of(_ => Task.CompletedTask));
        await first.Do<ObservingGrain>(self => self.Sum.State = 1);
        var committed = await cluster.Outcomes.Checkpoint(first);
        Assert.Equal(CheckpointStatus.Committed, committed.Status);
        foreach (var grain in (IObservingGrain[])[first, never])
            await grain.Do<ObservingGrain>(self => self.Own(x).Put(1));

        // A ghost: parked at q, and of an orphan.
        await q.CloseGate();
        await first.Do<ObservingGrain>(self => self.Own(q).Notify(Script.Of(_ => Task.CompletedTask)));
        await q.UntilWaiting(1);
        using var meter = new Measurements(cluster.SiloOf(0).ServiceProvider.GetRequiredService<IMeterFactory>());

        // Each hears twice that it is to roll back: what it first answers is lost.
        var answered = new HashSet<Life>();
        cluster.Watch.Loses = message => message is RolledBack rolledBack && answered.Add(rolledBack.Life);
        await cluster.Lose(1);
        await cluster.UntilRolledBack(first);
        await cluster.UntilRolledBack(never);
        await cluster.UntilRecovered();
        await q.OpenGate();
        Assert.Equal(0, await q.Get());

        Assert.Equal([$"rolled back to '{committed.Round}'"], await first.Look((ObservingGrain self) => self.Told.ToArray()));
        Assert.Equal(["rolled back to ''"], await never.Look((ObservingGrain self) => self.Told.ToArray()));
        Assert.Empty(await before.Look((ObservingGrain self) => self.Told.ToArray()));
        Assert.Equal((2, 1), (meter.Sum("checkpointing-rollbacks"), meter.Sum("checkpointing-dropped-messages")));
        var log = cluster.Outcomes.Log.All;
        Assert.Contains((LogLevel.Debug, $"{first.GetGrainId()} rolled back to its permanent checkpoint of round {committed.Round}"), log);

        // In a test's process a silo is killed by stopping it at once, so it says itself what is lost with it.
        Assert.DoesNotContain(log, line => line.Level >= LogLevel.Error
            && !line.Text.Contains("before the shutdown", StringComparison.Ordinal)
            && !line.Text.StartsWith($"{x.GetGrainId()} stopped with changes", StringComparison.Ordinal)
            && !line.Text.StartsWith($"{before.GetGrainId()} stopped with changes", StringComparison.Ordinal));
    }

    /// <summary>The next activation may be on any silo, and the coordinator that would have told it is gone.</summary>
    [Fact]
    public async Task The_new_activation_is_told_once_although_the_coordinator_goes_right_after_the_decision()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (observers, x) = (new List<IObservingGrain>(), await cluster.On<IParticipantGrain>(1, "x"));
        for (var i = 0; i < 6; i++)
        {
            observers.Add(await cluster.On<IObservingGrain>(0, "observer"));
            await observers[i].Do<ObservingGrain>(self => self.Own(x).Put(1));
        }

        var coordinator = cluster.Outcomes.Coordinator.GetGrainId();
        var deactivated = 0;
        cluster.Watch.LosesOnTheWayToGrains = (source, message) => message is RollBack && source == coordinator;
        cluster.Watch.Delivered = (_, message) =>
        {
            if (message is RollBack && Interlocked.Exchange(ref deactivated, 1) == 0)
                cluster.GrainsAt(cluster.CoordinatorsSilo).GetCheckpointCoordinator().AsReference<IGrainManagementExtension>().DeactivateOnIdle().AsTask().Ignore();
        };
        var gone = cluster.Outcomes.Silos.WaitForDeactivationAsync(cluster.Outcomes.Coordinator);
        await cluster.Lose(1);
        await gone.WithTimeLimit();
        foreach (var observer in observers)
            await cluster.UntilRolledBack(observer);

        await cluster.UntilRecovered();
        foreach (var observer in observers)
        {
            await Eventually.Holds(async () => await observer.Look((ObservingGrain self) => self.Told.Count) > 0);
            Assert.Equal(["rolled back to ''"], await observer.Look((ObservingGrain self) => self.Told.ToArray()));
        }

        Assert.Equal(observers.Count, cluster.RolledBack);
    }

    [Fact]
    public async Task It_is_recovering_from_the_notice_until_all_is_settled()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, r) = (await cluster.OrphanToBe(0, "p"), await cluster.On<IParticipantGrain>(0, "r"));
        await p.Put(1, self => self.Own(r).Put(1));
        Assert.False(await cluster.IsRecovering());
        foreach (var step in (Type[])[typeof(LifeEnded), typeof(ReadyToRollBack), typeof(RolledBack)])
        {
            var reached = new Signal();
            cluster.Watch.Loses = message =>
            {
                if (message.GetType() != step)
                    return false;

                reached.Set();
                return true;
            };
            if (step == typeof(LifeEnded))
                await cluster.Lose(1);

            await reached.Happens;
            Assert.True(await cluster.IsRecovering(), step.Name);
        }

        cluster.Watch.Loses = null;
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 2), (await p.Get(), await r.Get(), cluster.RolledBack));
    }

    /// <summary>S48: what the sender's permanent checkpoint remembers is not undone by its loss.</summary>
    [Fact]
    public async Task Who_has_received_only_what_is_permanent_does_not_roll_back()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, x) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "x"));
        await x.Put(1, self =>
        {
            self.Own(p).Tell(7);
            return Task.CompletedTask;
        });
        await Live.UntilTold(p);
        Assert.Equal(x.GetGrainId(), Assert.Single((await cluster.Outcomes.Checkpoint(x)).Participants).GrainId);
        Assert.NotEmpty((await p.Ledger()).Receipts);
        var life = (await p.Ledger()).Life;
        await x.Put(1);
        await cluster.Lose(1);
        await cluster.UntilRecovered();
        Assert.Equal((7, 1, 0), (await p.Look((ParticipantGrain self) => self.Amount), await x.Get(), cluster.RolledBack));
        Assert.Equal(life, (await p.Ledger()).Life);
    }

    /// <summary>G4: two groups that never talk.</summary>
    [Fact]
    public async Task A_loss_that_touches_one_group_rolls_nobody_of_the_other_back()
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4);
        var east = new[] { await cluster.On<IParticipantGrain>(0, "east"), await cluster.On<IParticipantGrain>(1, "east"), await cluster.On<IParticipantGrain>(2, "east") };
        var west = new[] { await cluster.On<IParticipantGrain>(0, "west"), await cluster.On<IParticipantGrain>(2, "west"), await cluster.On<IParticipantGrain>(cluster.CoordinatorsSilo, "west") };
        foreach (var group in (IParticipantGrain[][])[east, west])
        {
            for (var i = 0; i < 3; i++)
                await group[i].Put(1, self => self.Own(group[(i + 1) % 3]).Put(1));
        }

        await cluster.Lose(1);
        await cluster.UntilRecovered();
        var sums = await Task.WhenAll(east.Concat(west).Select(grain => grain.Get()));
        Assert.Equal([0, 0, 0, 2, 2, 2], sums);
        Assert.Equal(2, cluster.RolledBack);
        Assert.DoesNotContain(cluster.Outcomes.Log.All, line => line.Text.Contains("/west-", StringComparison.Ordinal) && line.Text.Contains("roll", StringComparison.Ordinal));
    }
}
