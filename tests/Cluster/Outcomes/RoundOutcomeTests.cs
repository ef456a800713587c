using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>What a request for a checkpoint reports.</summary>
[Collection(SharedOutcomeCluster.Collection)]
public sealed class RoundOutcomeTests(SharedOutcomeCluster shared)
{
    private readonly OutcomeCluster _cluster = shared.Cluster;

    /// <summary>CP-1: who is asked for, and whoever sent a label after its permanent checkpoint that a member has received. CP-2: p is not needed by the second round.</summary>
    [Fact]
    public async Task A_committed_round_says_who_took_part_and_why()
    {
        var (p, q, r) = (_cluster.New<IParticipantGrain>("p"), _cluster.New<IParticipantGrain>("q"), _cluster.New<IParticipantGrain>("r"));

        // Labels: p→q p:1, q→r q:1, r→q r:1 (answer), q→p q:2 (answer).
        await p.Put(1, self => self.Own(q).Put(2, inner => inner.Own(r).Put(3)));

        // A coordinator that starts writes its epoch.
        await Eventually.Holds(async () => !await _cluster.Coordinator.IsRecovering(TestContext.Current.CancellationToken));
        var bytes = _cluster.Store.Writes;
        var result = await _cluster.Checkpoint(p);

        Assert.Equal((CheckpointStatus.Committed, CheckpointAbortReason.None, ""), (result.Status, result.Reason, result.Detail));
        Assert.Equal(4, result.StableWrites);
        Assert.Equal(4, _cluster.Store.Writes - bytes);
        Assert.Equal(1, result.Attempts);
        Assert.Equal(StateBytes(p) + StateBytes(q) + StateBytes(r), result.StateBytes);
        Assert.NotEqual("", result.Round);
        Assert.InRange(result.Pause, TimeSpan.FromTicks(1), result.Duration);

        var byGrain = result.Participants.ToDictionary(participant => participant.GrainId);
        Assert.Equal(3, byGrain.Count);
        Assert.Equal((null, 0, 0), Why(byGrain[p.GetGrainId()]));
        Assert.Equal((p.GetGrainId(), 2, 2), Why(byGrain[q.GetGrainId()]));
        Assert.Equal((q.GetGrainId(), 1, 1), Why(byGrain[r.GetGrainId()]));
        Assert.All(result.Participants, participant => Assert.Equal("W⊥", participant.PreviousMark));

        // A second call chain from q: the paper's first_smsg starts anew, our mark is the one of the first checkpoint.
        await q.Put(1, self => self.Own(r).Put(1));
        var second = await _cluster.Checkpoint(q);
        var drawnIn = Assert.Single(second.Participants, participant => participant.GrainId == r.GetGrainId());
        Assert.Equal((q.GetGrainId(), 2, 2), Why(drawnIn));
        Assert.Matches(@"^W\(\d+:[0-9a-f]{6},1\)$", drawnIn.PreviousMark);
        Assert.Equal(2, second.Participants.Count);
    }

    [Fact]
    public async Task Without_a_change_there_is_nothing_to_do_and_nothing_is_written()
    {
        var p = _cluster.New<IParticipantGrain>();
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);

        var writes = _cluster.Store.Writes;
        var again = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.NothingToDo, 0, 0L), (again.Status, again.StableWrites, _cluster.Store.Writes - writes));

        // A change that is taken back is none either.
        await p.Put(1);
        await p.Put(-1);
        Assert.Equal(CheckpointStatus.NothingToDo, (await _cluster.Checkpoint(p)).Status);
        Assert.Equal(writes, _cluster.Store.Writes);
    }

    [Fact]
    public async Task A_grain_without_checkpointed_state_cannot_be_checkpointed()
    {
        var relay = _cluster.New<IRelayGrain>();
        var fault = await Assert.ThrowsAsync<ArgumentException>(() => _cluster.Checkpoint(relay));
        Assert.Contains(relay.GetGrainId().ToString(), fault.Message, StringComparison.Ordinal);
        Assert.Contains("[CheckpointedState]", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_wait_leaves_the_round_running()
    {
        var p = _cluster.New<IParticipantGrain>();
        await p.Put(1);
        var (begun, goOn) = (new Signal(), new Signal());
        _cluster.Store.OnNextWrite(p.GetGrainId(), WriteFault.Waits(begun, goOn));
        using var cancelled = new CancellationTokenSource();
        var waiting = _cluster.Coordinator.Checkpoint(p.GetGrainId(), cancelled.Token);
        await begun.Happens;
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WithTimeLimit());
        goOn.Set();

        // Merged into the next round, or answered by it: either way the first one has committed.
        Assert.Equal(CheckpointStatus.NothingToDo, (await _cluster.Checkpoint(p)).Status);
        Assert.NotEqual("", _cluster.Store.SlotsOf(p.GetGrainId()));
    }

    [Fact]
    public async Task Requests_that_come_while_a_round_runs_share_the_next_one()
    {
        var asked = 0;
        var allAsked = new Signal();
        await using var cluster = await OutcomeCluster.Start(configure: silo => silo.AddIncomingGrainCallFilter(context =>
        {
            if (context.Request.GetInterfaceType() == typeof(ICheckpointCoordinatorGrain) && Interlocked.Increment(ref asked) == 10)
                allAsked.Set();

            // The coordinator has heard of it in this very turn.
            return context.Invoke();
        }));
        var grains = Enumerable.Range(0, 10).Select(_ => cluster.New<IParticipantGrain>()).ToArray();
        await Task.WhenAll(grains.Select(grain => grain.Put(1)));
        var (begun, goOn) = (new Signal(), new Signal());
        cluster.Store.OnNextWrite(grains[0].GetGrainId(), WriteFault.Waits(begun, goOn));
        var first = cluster.Checkpoint(grains[0]);
        await begun.Happens;
        var others = grains.Skip(1).Select(cluster.Checkpoint).ToList();
        await allAsked.Happens;
        goOn.Set();

        var results = await Task.WhenAll(others.Prepend(first));
        Assert.All(results, result => Assert.Equal(CheckpointStatus.Committed, result.Status));
        Assert.Equal(2, results.Select(result => result.Round).Distinct().Count());
    }

    [Fact]
    public async Task Several_states_of_a_grain_are_captured_together()
    {
        var pair = _cluster.New<IPairGrain>();
        await pair.Set("left", 7);
        var result = await _cluster.Checkpoint(pair);
        Assert.Equal((CheckpointStatus.Committed, 2), (result.Status, result.StableWrites));

        await _cluster.Silos.DeactivateAsync(pair);
        Assert.Equal(("left", 7), await pair.Get());

        var slot = SlotRecord.Open(_cluster.Store[RecordStore.SlotA, pair.GetGrainId()]!);
        Assert.Equal(["text", "number"], slot.States.Select(state => state.Name));
    }

    private static (GrainId? DrawnInBy, long LastReceived, long FirstSent) Why(RoundParticipant participant) =>
        (participant.DrawnInBy, participant.LastLabelReceived, participant.FirstLabelSent);

    private long StateBytes(IParticipantGrain grain) =>
        SlotRecord.Open(_cluster.Store[RecordStore.SlotA, grain.GetGrainId()]!).States.Sum(state => (long)state.Bytes.Length);
}
