using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.Tests.CheckpointAlgorithm;

/// <summary>What is sent again while snapshots are being stored: only what can have been lost, and less and less often.</summary>
public sealed class ResendTests
{
    private const int Members = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly RoundNumber Number = new(1, 1);

    private readonly CheckpointCoordinator _coordinator = new(DecisionRecord.First(Guid.NewGuid()), Guid.NewGuid(), new CoordinatorLimits(MaxAttempts: 3));
    private readonly ImmutableArray<ParticipantId> _members = [.. Enumerable.Range(0, Members).Select(number => ParticipantId.Named($"p{number:D4}"))];
    private readonly Dictionary<ParticipantId, RoundNumber> _numbers = [];
    private RoundTimer _resendDue;
    private TimeSpan _now;

    public ResendTests()
    {
        _coordinator.Start();
        _coordinator.OnRecordWritten(RecordWriteOutcome.Stored);
        Hear(_coordinator.OnRequest(new CheckpointRequest(1, _members, [])));
        foreach (var member in _members)
        {
            _coordinator.OnMessage(new Joined(Number, member, Drained: true, CheckpointMark.Initial, [], []));
        }

        foreach (var member in _members)
        {
            var mark = new CheckpointMark(new MessageLabel(new Incarnation(1, new Guid(1, 0, 0, new byte[8])), 1), IncarnationTable.Empty);
            foreach (var (to, store) in Hear(_coordinator.OnMessage(new SnapshotTaken(Number, member, 1, new TentativeCheckpoint(mark, []), IsUnchanged: false))))
            {
                _numbers[to] = store.Number;
            }
        }

        Assert.Equal(Members, _numbers.Count);
    }

    [Fact]
    public void A_thousand_members_that_take_eight_seconds_to_store_are_sent_three_requests_each()
    {
        var (requests, answers) = (Members, 0);
        while (_now + Pause < TimeSpan.FromSeconds(8))
        {
            foreach (var (to, store) in Resend())
            {
                requests++;
                answers++;
                _coordinator.OnMessage(new StillStoring(store.Number, to));
            }
        }

        Assert.Equal((3 * Members, 2 * Members), (requests, answers));
    }

    [Fact]
    public void A_lost_request_is_repeated_after_one_interval_then_two_and_four_and_at_last_every_sixteen()
    {
        var lost = _members[7];
        foreach (var member in _members.Where(member => member != lost))
        {
            _coordinator.OnMessage(new Voted(_numbers[member], member, Yes: true, ""));
        }

        var repeated = Enumerable.Range(0, 7).Select(_ =>
        {
            Assert.Equal(lost, Assert.Single(Resend()).To);
            return _now / Interval;
        });
        Assert.Equal([1, 3, 7, 15, 31, 47, 63], repeated);
    }

    [Fact]
    public void A_lost_Yes_is_known_by_the_question_for_the_decision()
    {
        foreach (var member in _members.Skip(1))
        {
            _coordinator.OnMessage(new Voted(_numbers[member], member, Yes: true, ""));
        }

        var effects = _coordinator.OnMessage(new AskDecision(_numbers[_members[0]], _members[0]));
        Assert.True(Assert.Single(effects.OfType<WriteRecord>()).Record.IsCommitted(_numbers[_members[0]]));
        Assert.Equal(Decision.Undecided, Assert.IsType<DecisionAnswered>(Assert.Single(effects.OfType<SendToParticipant>()).Message).Decision);
    }

    /// <summary>It has said that it is storing, so it is asked again only at the longest interval, and says then that it has left.</summary>
    [Fact]
    public void A_lost_No_is_known_at_the_longest_interval()
    {
        foreach (var member in _members)
        {
            _coordinator.OnMessage(new StillStoring(_numbers[member], member));
        }

        for (var count = 0; count < RoundTimer.LongestResend; count++)
        {
            Assert.Empty(Resend());
        }

        Assert.Equal(Members, Resend().Count);
        Assert.Equal(31 * Interval, _now);
    }

    [Fact]
    public void A_participant_that_is_storing_says_so_when_it_is_asked_again()
    {
        var life = new Life(_members[0], new Incarnation(1, new Guid(1, 0, 0, new byte[8])));
        var participant = new CheckpointParticipant(new Ledger(life, CheckpointMark.Initial), RoundNumber.None);
        participant.OnJoin(new JoinRound(Number, IsInitiator: true, []), willing: true, quiescent: true);
        participant.OnTakeSnapshot(new TakeSnapshot(Number, 1), quiescent: true);
        var store = new StoreSnapshot(Number, 1, life.Incarnation, Number);
        participant.OnStoreSnapshot(store);
        Assert.Equal([new SendToCoordinator(new StillStoring(Number, life.Participant))], participant.OnStoreSnapshot(store));
        participant.OnSnapshotStored(Number, durable: true, "");
        Assert.Equal([new SendToCoordinator(new Voted(Number, life.Participant, Yes: true, ""))], participant.OnStoreSnapshot(store));
    }

    private TimeSpan Pause => Interval * (1 << Math.Min(_resendDue.Count, RoundTimer.LongestResend));

    private List<(ParticipantId To, StoreSnapshot Store)> Resend()
    {
        _now += Pause;
        return Hear(_coordinator.OnTimer(_resendDue));
    }

    private List<(ParticipantId To, StoreSnapshot Store)> Hear(ImmutableArray<CoordinatorEffect> effects)
    {
        _resendDue = effects.OfType<StartTimer>().Select(start => start.Timer).FirstOrDefault(timer => timer.Kind == RoundTimerKind.ResendDue, _resendDue);
        return [.. effects.OfType<SendToParticipant>().Where(send => send.Message is StoreSnapshot).Select(send => (send.To, (StoreSnapshot)send.Message))];
    }
}
