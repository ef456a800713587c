using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.Tests.CheckpointAlgorithm;

/// <summary>CP-14: when a coordinator asks for proofs, and when it drops what is proven.</summary>
public sealed class ProofTests
{
    private static readonly ParticipantId P = ParticipantId.Named("p");
    private static readonly Life LifeOfP = new(P, new Incarnation(1, new Guid(1, 0, 0, new byte[8])));

    private readonly CheckpointCoordinator _coordinator = new(DecisionRecord.First(Guid.NewGuid()), Guid.NewGuid(), new CoordinatorLimits(MaxAttempts: 3));
    private readonly RoundTimer _proofsDue;

    public ProofTests()
    {
        _coordinator.Start();
        _coordinator.OnRecordWritten(RecordWriteOutcome.Stored);
        _proofsDue = Assert.Single(Commit(1).OfType<StartTimer>(), start => start.Timer.Kind == RoundTimerKind.ProofsDue).Timer;
    }

    [Fact]
    public void A_member_is_asked_when_the_quiet_time_is_over_and_the_record_drops_its_round_when_it_has_proven_it()
    {
        var asked = _coordinator.OnTimer(_proofsDue);
        Assert.Equal(new ProveDecision(new RoundNumber(1, 1)), Assert.Single(asked.OfType<SendToParticipant>()).Message);
        var next = Assert.Single(asked.OfType<StartTimer>()).Timer;
        Assert.Equal(RoundTimerKind.NextProofsDue, next.Kind);

        Assert.Empty(_coordinator.OnMessage(new DecisionProven(new RoundNumber(1, 1), P)));
        Assert.Empty(Assert.Single(_coordinator.OnTimer(next).OfType<WriteRecord>()).Record.CommittedRuns);
    }

    [Fact]
    public void Only_rounds_that_were_committed_before_the_quiet_time_began_are_to_be_proven()
    {
        _coordinator.OnMessage(new DecisionProven(new RoundNumber(1, 1), P));
        Commit(2);
        Assert.Empty(_coordinator.OnTimer(_proofsDue).OfType<SendToParticipant>());
    }

    [Fact]
    public void Nothing_is_dropped_while_a_member_has_not_proven_its_round()
    {
        Assert.Empty(_coordinator.OnStopping());
        var again = _coordinator.OnTimer(_proofsDue);
        Assert.Empty(_coordinator.OnTimer(Assert.Single(again.OfType<StartTimer>()).Timer).OfType<WriteRecord>());
    }

    [Fact]
    public void While_a_round_is_running_nothing_is_dropped_but_with_its_decision()
    {
        _coordinator.OnMessage(new DecisionProven(new RoundNumber(1, 1), P));
        _coordinator.OnRequest(new CheckpointRequest(2, [P], []));
        Assert.Empty(_coordinator.OnTimer(_proofsDue).OfType<WriteRecord>());
        Assert.Empty(_coordinator.OnStopping());
    }

    [Fact]
    public void A_coordinator_that_ends_in_good_order_drops_what_is_proven()
    {
        _coordinator.OnMessage(new DecisionProven(new RoundNumber(1, 1), P));
        Assert.Empty(Assert.Single(_coordinator.OnStopping().OfType<WriteRecord>()).Record.CommittedRuns);
    }

    [Fact]
    public void The_next_life_asks_those_whom_the_record_names()
    {
        var next = new CheckpointCoordinator(_coordinator.Record, Guid.NewGuid(), new CoordinatorLimits(MaxAttempts: 3));
        next.Start();
        var due = Assert.Single(next.OnRecordWritten(RecordWriteOutcome.Stored).OfType<StartTimer>()).Timer;
        Assert.Equal(P, Assert.Single(next.OnTimer(due).OfType<SendToParticipant>()).To);
    }

    [Theory]
    [InlineData("idle", true)]
    [InlineData("joined", false)]
    [InlineData("storing", false)]
    [InlineData("in doubt", false)]
    [InlineData("behind", false)]
    public void A_participant_writes_a_marker_only_between_rounds_and_only_for_what_it_has_adopted(string phase, bool writes)
    {
        var participant = new CheckpointParticipant(new Ledger(LifeOfP, CheckpointMark.Initial), RoundNumber.None);
        if (phase is "joined" or "storing" or "in doubt")
        {
            participant.OnJoin(new JoinRound(new RoundNumber(1, 2), IsInitiator: true, []), willing: true, quiescent: true);
        }

        if (phase is "storing" or "in doubt")
        {
            participant.OnTakeSnapshot(new TakeSnapshot(new RoundNumber(1, 2), 1), quiescent: true);
            participant.OnStoreSnapshot(new StoreSnapshot(new RoundNumber(1, 2), 1, LifeOfP.Incarnation, new RoundNumber(1, 2)));
        }

        if (phase == "in doubt")
        {
            participant.OnSnapshotStored(new RoundNumber(1, 2), durable: true, "");
        }

        var permanent = new RoundNumber(1, phase == "behind" ? 0 : 1);
        var effects = participant.OnProveDecision(new ProveDecision(new RoundNumber(1, 1)), permanent);
        Assert.Equal(writes ? [new WriteMarker(permanent)] : [], effects);
    }

    [Fact]
    public void A_marker_that_is_not_stored_proves_nothing()
    {
        var participant = new CheckpointParticipant(new Ledger(LifeOfP, CheckpointMark.Initial), RoundNumber.None);
        Assert.Empty(participant.OnMarkerWritten(new RoundNumber(1, 1), stored: false));
        Assert.False(participant.HasStored);
        Assert.Equal([new SendToCoordinator(new DecisionProven(new RoundNumber(1, 1), P))], participant.OnMarkerWritten(new RoundNumber(1, 1), stored: true));
        Assert.True(participant.HasStored);
    }

    private ImmutableArray<CoordinatorEffect> Commit(long sequence)
    {
        var round = new RoundNumber(1, sequence);
        var mark = new CheckpointMark(new MessageLabel(LifeOfP.Incarnation, sequence), IncarnationTable.Empty);
        _coordinator.OnRequest(new CheckpointRequest(sequence, [P], []));
        _coordinator.OnMessage(new Joined(round, P, Drained: true, CheckpointMark.Initial, [], []));
        _coordinator.OnMessage(new SnapshotTaken(round, P, 1, new TentativeCheckpoint(mark, []), IsUnchanged: false));
        _coordinator.OnMessage(new Voted(round, P, Yes: true, ""));
        return _coordinator.OnRecordWritten(RecordWriteOutcome.Stored);
    }
}
