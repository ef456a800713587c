using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Grains that have a say, grains that cannot be captured, grains that never end: who is left out, and who commits all the same (SPEC K8, K9, K14).</summary>
[Collection(SharedOutcomeCluster.Collection)]
public sealed class WillingnessTests(SharedOutcomeCluster shared)
{
    private readonly OutcomeCluster _cluster = shared.Cluster;

    /// <summary>CP-9: whoever depends on a member that is left out is left out too.</summary>
    [Fact]
    public async Task An_unwilling_grain_is_left_out_with_its_dependents_and_the_others_commit()
    {
        var unwilling = _cluster.New<IObservingGrain>("unwilling");
        var dependent = _cluster.New<IParticipantGrain>("dependent");
        var independent = _cluster.New<IParticipantGrain>("independent");
        await unwilling.Do<ObservingGrain>(self => self.IsWilling = false);
        await dependent.Put(1, self => self.Own(unwilling).Add(1));
        await independent.Put(1);

        var result = await _cluster.CheckpointAll();
        Assert.Equal((CheckpointStatus.PartlyCommitted, CheckpointAbortReason.Unwilling), (result.Status, result.Reason));
        Assert.Contains("was not willing to take a checkpoint", result.Detail, StringComparison.Ordinal);
        Assert.Contains(result.Participants, participant => participant.GrainId == independent.GetGrainId());
        Assert.Equal(CheckpointAbortReason.Unwilling, Assert.Single(result.LeftOut, left => left.GrainId == unwilling.GetGrainId()).Reason);
        var leftWith = Assert.Single(result.LeftOut, left => left.GrainId == dependent.GetGrainId());
        Assert.Equal(CheckpointAbortReason.Unwilling, leftWith.Reason);
        Assert.Contains($"it depends on {unwilling.GetGrainId()}", leftWith.Detail, StringComparison.Ordinal);
        Assert.Equal(("", ""), (_cluster.Store.SlotsOf(unwilling.GetGrainId()), _cluster.Store.SlotsOf(dependent.GetGrainId())));
        Assert.NotEqual("", _cluster.Store.SlotsOf(independent.GetGrainId()));

        await unwilling.Do<ObservingGrain>(self => self.IsWilling = true);
        var second = await _cluster.Checkpoint(dependent);
        Assert.Equal((CheckpointStatus.Committed, 2), (second.Status, second.Participants.Count));
    }

    [Fact]
    public async Task An_observer_hears_of_its_checkpoints_in_order()
    {
        var observer = _cluster.New<IObservingGrain>();
        await observer.Do<ObservingGrain>(self => self.Sum.State++);
        await MakePermanent(observer);
        Assert.Equal(["taken", "permanent"], await Told(observer));

        await observer.Do<ObservingGrain>(self => self.Sum.State++);
        _cluster.Store.OnNextWrite(observer.GetGrainId(), WriteFault.Fails);
        Assert.Equal(CheckpointAbortReason.NotStored, (await _cluster.Checkpoint(observer)).Reason);
        Assert.Equal(["taken", "permanent", "taken", "undone"], await Told(observer));

        await MakePermanent(observer);
        Assert.Equal(["taken", "permanent", "taken", "undone", "taken", "permanent"], await Told(observer));
    }

    [Fact]
    public async Task An_observer_that_throws_when_it_is_asked_is_not_willing()
    {
        var observer = _cluster.New<IObservingGrain>();
        await observer.Do<ObservingGrain>(self =>
        {
            self.Sum.State++;
            self.ThrowsWhenAsked = true;
        });
        Assert.Equal(CheckpointAbortReason.Unwilling, (await _cluster.Checkpoint(observer)).Reason);
        await _cluster.Log.Until($"{observer.GetGrainId()} threw in its checkpoint observer").WithTimeLimit();
        await observer.Do<ObservingGrain>(self => self.ThrowsWhenAsked = false);
        await MakePermanent(observer);
    }

    [Fact]
    public async Task A_state_that_cannot_be_serialized_leaves_out_its_grain_only_and_the_grain_goes_on()
    {
        var bag = _cluster.New<IBagGrain>("bag");
        var other = _cluster.New<IParticipantGrain>("other");
        await bag.PutSomethingUnserializable();
        await other.Put(1);
        var result = await _cluster.CheckpointAll();
        Assert.Equal((CheckpointStatus.PartlyCommitted, CheckpointAbortReason.CaptureFailed), (result.Status, result.Reason));
        Assert.Contains($"Grain {bag.GetGrainId()}: its state cannot be serialized", result.Detail, StringComparison.Ordinal);
        Assert.Contains("Make the state type serializable", result.Detail, StringComparison.Ordinal);
        Assert.Contains(result.Participants, participant => participant.GrainId == other.GetGrainId());

        Assert.Equal("unserializable", await bag.Get());
        await bag.Put("text");
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(bag)).Status);
    }

    [Fact]
    public async Task A_handler_that_awaits_the_checkpoint_of_its_own_grain_is_refused_and_can_end()
    {
        var p = _cluster.New<IParticipantGrain>();
        CheckpointResult? seen = null;
        await p.Put(1, async self => seen = await self.Factory.GetCheckpointCoordinator().Checkpoint(p.GetGrainId(), TestContext.Current.CancellationToken));
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.AwaitedInsideRound, 1), (seen!.Status, seen.Reason, seen.Attempts));
        Assert.Contains(p.GetGrainId().ToString(), seen.Detail, StringComparison.Ordinal);
        Assert.Contains("do not await", seen.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(seen.Duration, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        Assert.Equal(1, await p.Get());
        Assert.Contains((await _cluster.Checkpoint(p)).Status, (CheckpointStatus[])[CheckpointStatus.Committed, CheckpointStatus.NothingToDo]);
    }

    [Fact]
    public async Task A_checkpoint_that_a_participant_awaits_through_relays_is_refused_at_once()
    {
        var (p, relay, worker) = (_cluster.New<IParticipantGrain>(), _cluster.New<IRelayGrain>("relay"), _cluster.New<IReentrantRelayGrain>("relay"));
        CheckpointResult? seen = null;
        await p.Put(1, self => self.Factory.GetGrain<IRelayGrain>(relay.GetPrimaryKeyString()).Perform(Script.Of(
            first => first.Factory.GetGrain<IReentrantRelayGrain>(worker.GetPrimaryKeyString()).Perform(Script.Of(
                async second => seen = await second.Factory.GetCheckpointCoordinator().Checkpoint(p.GetGrainId(), TestContext.Current.CancellationToken))))));
        AssertRefusedAtOnce(seen, p);
    }

    /// <summary>The participant that asks is not drawn in; the one that waits for it is.</summary>
    [Fact]
    public async Task A_checkpoint_that_a_participant_awaits_through_another_is_refused_at_once()
    {
        var (p, q) = (_cluster.New<IParticipantGrain>(), _cluster.New<IParticipantGrain>("q"));
        CheckpointResult? seen = null;
        await p.Put(1, self => self.Factory.GetGrain<IParticipantGrain>(q.GetPrimaryKeyString()).Perform(Script.Of(
            async other => seen = await other.Factory.GetCheckpointCoordinator().Checkpoint(p.GetGrainId(), TestContext.Current.CancellationToken))));
        AssertRefusedAtOnce(seen, p);
    }

    private static void AssertRefusedAtOnce(CheckpointResult? seen, IAddressable awaiting)
    {
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.AwaitedInsideRound, 1), (seen!.Status, seen.Reason, seen.Attempts));
        Assert.Contains(awaiting.GetGrainId().ToString(), seen.Detail, StringComparison.Ordinal);
        Assert.InRange(seen.Duration, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_handler_may_ask_for_a_checkpoint_without_awaiting_it()
    {
        var p = _cluster.New<IParticipantGrain>();
        Task<CheckpointResult>? asked = null;
        var q = _cluster.New<IParticipantGrain>("q");
        await p.Put(1, self =>
        {
            asked = self.Factory.GetCheckpointCoordinator().Checkpoint(q.GetGrainId(), TestContext.Current.CancellationToken);
            return Task.CompletedTask;
        });
        Assert.Equal(CheckpointStatus.NothingToDo, (await asked!.WithTimeLimit()).Status);
    }

    /// <summary>S36: nobody can tell whether it is awaited. So the answer is that of an awaited one, but the round goes on and commits.</summary>
    [Fact]
    public async Task A_handler_may_ask_for_the_checkpoint_of_its_own_grain_without_awaiting_it_and_the_round_commits()
    {
        var p = await _cluster.OnceCheckpointed();
        Task<CheckpointResult>? asked = null;
        await p.Put(1, self =>
        {
            asked = self.Factory.GetCheckpointCoordinator().Checkpoint(p.GetGrainId(), TestContext.Current.CancellationToken);
            self.Sum.State += 2;
            return Task.CompletedTask;
        });

        var seen = await asked!.WithTimeLimit();
        AssertRefusedAtOnce(seen, p);
        Assert.Contains("the round goes on, and commits when that chain has ended", seen.Detail, StringComparison.Ordinal);
        await _cluster.Log.Until($"{p.GetGrainId()} made its tentative checkpoint permanent by round {seen.Round}").WithTimeLimit();

        // All that the handler did is permanent by that round.
        var newest = new[] { RecordStore.SlotA, RecordStore.SlotB }.Select(slot => SlotRecord.Open(_cluster.Store[slot, p.GetGrainId()]!)).MaxBy(slot => slot.Head.Generation)!;
        Assert.Equal(seen.Round, newest.Head.Round.ToString());
        var sum = _cluster.Silos.Silos[0].ServiceProvider.GetRequiredService<Serializer<int>>().Deserialize(Assert.Single(newest.States).Bytes);
        Assert.Equal((4, 4), (sum, await p.Get()));
        Assert.Equal(CheckpointStatus.NothingToDo, (await _cluster.Checkpoint(p)).Status);
    }

    /// <summary>The answer to the caller does not wait until the decision has reached every participant.</summary>
    private async Task MakePermanent(IObservingGrain grain)
    {
        var result = await _cluster.Checkpoint(grain);
        Assert.Equal(CheckpointStatus.Committed, result.Status);
        await _cluster.Log.Until($"{grain.GetGrainId()} made its tentative checkpoint permanent by round {result.Round}").WithTimeLimit();
    }

    private static Task<string[]> Told(IObservingGrain grain) => grain.Look((ObservingGrain self) => self.Told.ToArray());
}
