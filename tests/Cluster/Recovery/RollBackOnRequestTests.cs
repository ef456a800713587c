using System.Collections.Concurrent;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Cluster.Tests.Rounds;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core.Internal;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>A rollback that somebody asks for (RB-15 to RB-18).</summary>
public sealed class RollBackOnRequestTests
{
    [Fact]
    public async Task A_grain_rolls_back_with_all_that_depend_on_what_it_undoes_and_nobody_else()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q, r) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"), await cluster.On<IParticipantGrain>(1, "r"));
        var independent = await cluster.On<IParticipantGrain>(0, "independent");
        await PutAndCheckpoint(cluster, p, q, r, independent);
        await p.Put(2, self => self.Own(q).Put(10, inner => inner.Own(r).Put(5)));
        await independent.Put(7);

        var result = await RollBack(cluster, p);

        Assert.Equal((RollbackStatus.RolledBack, RollbackAbortReason.None, ""), (result.Status, result.Reason, result.Detail));
        Assert.Equal([p.GetGrainId(), q.GetGrainId(), r.GetGrainId()], result.Participants.Select(member => member.GrainId).OrderBy(grain => Array.IndexOf([p.GetGrainId(), q.GetGrainId(), r.GetGrainId()], grain)));
        Assert.Equal(p.GetGrainId(), result.Participants[0].GrainId);
        Assert.Null(result.Participants[0].DrawnInBy);
        Assert.All(result.Participants.Skip(1), member => Assert.True(member.DrawnInBy is not null && member.LastLabelReceived > member.LastLabelThatCounts, member.ToString()));
        Assert.All(result.Participants, member => Assert.True(member is { MessagesUndone: > 0, CallsUndone: 1 }, member.ToString()));
        Assert.Equal((1, 1, 1, 8), (await p.Get(), await q.Get(), await r.Get(), await independent.Get()));
        await cluster.UntilRecovered();
        Assert.Equal(3, cluster.RolledBack);
        Assert.Equal(independent.GetGrainId(), Assert.Single((await cluster.Outcomes.CheckpointAll()).Participants).GrainId);
    }

    /// <summary>RB-18: between two attempts of a request no round runs, and a rollback that was asked for begins. The next attempt waits for it.</summary>
    [Fact]
    public async Task A_round_is_not_tried_again_while_a_rollback_is_asked_for()
    {
        var rounds = new ControlWatch();
        await using var cluster = await RecoveryCluster.Start(
            options: options => options.MaxPause = TimeSpan.FromSeconds(4),
            configure: silo => silo.PutFirst(services => new ControlWatch.Filter(rounds, services)));
        var (busy, q) = (await cluster.On<IParticipantGrain>(0, "busy"), await cluster.On<IParticipantGrain>(1, "q"));
        await PutAndCheckpoint(cluster, busy, q);
        var (began, goOn) = (new Signal(), new Signal());
        var running = busy.Put(1, async _ =>
        {
            began.Set();
            await goOn.Happens;
        });
        await began.Happens;
        var (attempts, isAsked) = (new ConcurrentDictionary<RoundNumber, bool>(), new Signal());
        rounds.AfterDelivery = messages =>
        {
            foreach (var join in messages.Select(entry => entry.Message).OfType<JoinRound>())
                attempts[join.Round] = true;
        };
        cluster.Watch.Loses = message => message is WouldRollBack;
        cluster.Watch.Delivered = (_, message) =>
        {
            if (message is AskToRollBack)
                isAsked.Set();
        };
        var checkpoint = cluster.Outcomes.Checkpoint(busy);
        await Eventually.Holds(() => !attempts.IsEmpty);
        var rollback = RollBack(cluster, q);
        await isAsked.Happens;

        // It is called off after four seconds. The next attempt is due after a tenth of one.
        await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Single(attempts);
        var result = await rollback;

        Assert.Equal((RollbackStatus.Aborted, RollbackAbortReason.ParticipantLost), (result.Status, result.Reason));
        goOn.Set();
        await running;
        Assert.Equal((CheckpointStatus.Committed, 2, 2), ((await checkpoint).Status, (await checkpoint).Attempts, attempts.Count));
    }

    [Fact]
    public async Task A_preview_says_who_would_roll_back_and_changes_nothing()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        await p.Put(0, self => self.Own(q).Put(0));
        await PutAndCheckpoint(cluster, p, q);
        for (var i = 0; i < 2; i++)
            await p.Put(1, self => self.Own(q).Put(5));

        var preview = await cluster.Outcomes.Coordinator.PreviewRollBack(p.GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit();

        Assert.Equal(RollbackStatus.Preview, preview.Status);
        Assert.Equal([p.GetGrainId(), q.GetGrainId()], preview.Participants.Select(member => member.GrainId));
        var (first, drawnIn) = (preview.Participants[0], preview.Participants[1]);
        Assert.Equal((null, 0, 0, 2), ((GrainId?)first.DrawnInBy, first.LastLabelReceived, first.LastLabelThatCounts, first.MessagesUndone));
        Assert.Equal((2, 2), (first.CallsUndone, drawnIn.CallsUndone));

        // Of p's calls the checkpoint remembers the first one. q has answered all three.
        Assert.Equal((p.GetGrainId(), 3, 1, 2), (drawnIn.DrawnInBy!.Value, drawnIn.LastLabelReceived, drawnIn.LastLabelThatCounts, drawnIn.MessagesUndone));
        Assert.Equal((3, 11), (await p.Get(), await q.Get()));
        Assert.Equal(0, cluster.RolledBack);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    /// <summary>Calls of clients have no labels, but what they did is undone like the rest.</summary>
    [Fact]
    public async Task A_preview_counts_the_calls_of_clients_too()
    {
        await using var cluster = await RecoveryCluster.Start();
        var p = await cluster.On<IParticipantGrain>(0, "p");
        await PutAndCheckpoint(cluster, p);
        for (var i = 0; i < 3; i++)
            await p.Put(1);

        Assert.Equal(4, await p.Get());
        await AssertCallsUndone(3);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
        await p.Put(1);
        await AssertCallsUndone(1);

        async Task AssertCallsUndone(int calls)
        {
            var preview = await cluster.Outcomes.Coordinator.PreviewRollBack(p.GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit();
            Assert.Equal((RollbackStatus.Preview, 0, calls), (preview.Status, Assert.Single(preview.Participants).MessagesUndone, preview.Participants[0].CallsUndone));
        }
    }

    [Fact]
    public async Task A_grain_that_awaits_its_own_rollback_hears_that_it_is_too_busy_and_goes_on()
    {
        await using var cluster = await RecoveryCluster.Start(options: options => options.MaxPause = TimeSpan.FromSeconds(1));
        var p = await cluster.On<IParticipantGrain>(0, "p");
        await PutAndCheckpoint(cluster, p);
        RollbackResult? result = null;

        await p.Do<ParticipantGrain>(async self =>
        {
            self.Sum.State += 10;
            result = await self.Factory.GetCheckpointCoordinator().RollBack(p.GetGrainId(), TestContext.Current.CancellationToken);
        }).WithTimeLimit();

        Assert.Equal((RollbackStatus.Aborted, RollbackAbortReason.TooBusy), (result!.Status, result.Reason));
        Assert.InRange(result.Duration.TotalSeconds, 0.5, 4);
        Assert.Equal((11, 0), (await p.Get(), cluster.RolledBack));
    }

    /// <summary>The coordinator has nothing left to do after its round, so no other event of it can start the rollback.</summary>
    [Fact]
    public async Task A_coordinator_that_has_been_idle_begins_at_once()
    {
        await using var cluster = await RecoveryCluster.Start();
        var p = await cluster.On<IParticipantGrain>(0, "p");
        await PutAndCheckpoint(cluster, p);
        await p.Put(2);
        await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);

        var preview = await cluster.Outcomes.Coordinator.PreviewRollBack(p.GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit();

        Assert.Equal((RollbackStatus.Preview, p.GetGrainId()), (preview.Status, Assert.Single(preview.Participants).GrainId));
        Assert.True(preview.Duration < TimeSpan.FromSeconds(2), $"{preview.Duration} of waiting on an idle coordinator.");
    }

    /// <summary>
    /// An activation that is being deactivated hears no answers, and its deactivation waits for the request that waits for them: it has to notice. Before the word that decides
    /// everybody goes on at once; after it the next coordinator goes on from there.
    /// </summary>
    [Theory]
    [InlineData(nameof(WouldRollBack), false)]
    [InlineData(nameof(HeldForRollBack), false)]
    [InlineData(nameof(ReadyToRollBack), true)]
    public Task A_coordinator_that_is_being_deactivated_answers_and_leaves_nobody_stopped(string whenItHears, bool happens) =>
        CoordinatorGoes(whenItHears, happens, cluster => cluster.Outcomes.Coordinator.AsReference<IGrainManagementExtension>().DeactivateOnIdle().AsTask());

    /// <summary>RB-24: a silo has heard of a younger coordinator, and says so when it is asked again.</summary>
    [Theory]
    [InlineData(nameof(WouldRollBack), false)]
    [InlineData(nameof(ReadyToRollBack), true)]
    public Task A_coordinator_that_is_outdated_answers_and_leaves_nobody_stopped(string whenItHears, bool happens) => CoordinatorGoes(
        whenItHears, happens, cluster => cluster.SiloOf(1).ServiceProvider.GetRequiredService<LocalRollbacks>().Install(new InstallEnds(Guid.NewGuid(), Epoch: 2, 0, [])));

    private static async Task CoordinatorGoes(string whenItHears, bool happens, Func<RecoveryCluster, Task> goes)
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        await PutAndCheckpoint(cluster, p, q);
        await p.Put(2, self => self.Own(q).Put(10));
        var gone = 0;
        cluster.Watch.Intercepts = async message =>
        {
            if (message.GetType().Name != whenItHears || Interlocked.Exchange(ref gone, 1) != 0)
                return false;

            await goes(cluster);
            return true;
        };

        var result = await RollBack(cluster, p);
        Assert.Equal((RollbackStatus.Aborted, RollbackAbortReason.CoordinatorReplaced), (result.Status, result.Reason));
        Assert.True(result.Duration < TimeSpan.FromSeconds(4), $"{result.Duration}");
        await cluster.UntilRecovered();
        Assert.Equal(happens ? (1, 1, 2) : (3, 11, 0), (await p.Get(), await q.Get(), cluster.RolledBack));
        await p.Put(1, self => self.Own(q).Put(1)).WithTimeLimit();
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    /// <summary>willing_to_roll: one no calls it off for everybody.</summary>
    [Fact]
    public async Task A_grain_that_is_not_willing_calls_it_off_and_everybody_goes_on()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, unwilling) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IObservingGrain>(1, "unwilling"));
        await PutAndCheckpoint(cluster, p);
        await unwilling.Do<ObservingGrain>(self => self.IsWillingToRollBack = false);
        await p.Put(2, self => self.Own(unwilling).Do<ObservingGrain>(other => other.Sum.State = 10));

        var result = await RollBack(cluster, p);

        Assert.Equal((RollbackStatus.Aborted, RollbackAbortReason.Unwilling), (result.Status, result.Reason));
        Assert.Contains($"Grain {unwilling.GetGrainId()} is not willing", result.Detail, StringComparison.Ordinal);
        Assert.Contains("Nobody has rolled back", result.Detail, StringComparison.Ordinal);
        await p.Put(1);
        Assert.Equal((4, 10, 0), (await p.Get(), await unwilling.Look((ObservingGrain self) => self.Sum.State), cluster.RolledBack));
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    [Fact]
    public async Task A_handler_that_does_not_end_in_time_calls_it_off_and_everybody_goes_on()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        await PutAndCheckpoint(cluster, p, q);
        await p.Put(2, self => self.Own(q).Put(10));
        var (isRunning, mayEnd) = (new Signal(), new Signal());
        var busy = q.Do<ParticipantGrain>(async self =>
        {
            isRunning.Set();
            await mayEnd.Happens;
            self.Sum.State += 100;
        });
        await isRunning.Happens.WithTimeLimit();

        var result = await RollBack(cluster, p);

        Assert.Equal((RollbackStatus.Aborted, RollbackAbortReason.TooBusy), (result.Status, result.Reason));
        mayEnd.Set();
        await busy.WithTimeLimit();
        Assert.Equal((3, 111, 0), (await p.Get(), await q.Get(), cluster.RolledBack));
        Assert.Equal(RollbackStatus.RolledBack, (await RollBack(cluster, p)).Status);
        Assert.Equal((1, 1), (await p.Get(), await q.Get()));
    }

    [Fact]
    public async Task A_grain_without_checkpointed_state_cannot_be_rolled_back()
    {
        await using var cluster = await RecoveryCluster.Start();
        var relay = cluster.Outcomes.New<IRelayGrain>();
        var error = await Assert.ThrowsAsync<ArgumentException>(() => RollBack(cluster, relay));
        Assert.Contains("no checkpointed state", error.Message, StringComparison.Ordinal);
    }

    private static Task<RollbackResult> RollBack(RecoveryCluster cluster, IAddressable grain) =>
        cluster.Outcomes.Coordinator.RollBack(grain.GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit();

    private static async Task PutAndCheckpoint(RecoveryCluster cluster, params IParticipantGrain[] grains)
    {
        foreach (var grain in grains)
            await grain.Put(1);

        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }
}
