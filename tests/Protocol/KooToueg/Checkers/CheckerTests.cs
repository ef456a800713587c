using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>
/// Breaks one thing at a time in the record of a good round and sees the checker notice. The round: p has sent m to q, q initiates,
/// q asks p, both take a tentative checkpoint, commit.
/// </summary>
public sealed class CheckerTests
{
    private static readonly RoundNumber Round = new(1);
    private static readonly ProcessName P = new("p");
    private static readonly ProcessName Q = new("q");

    private static readonly RoundOutcome Good = new()
    {
        Round = Round,
        Initiator = Q,
        Unwilling = [],
        Observations = [Took(Q, Daemon.Id), Took(P, Q), new Decided(Round, Commit: true)],
        Trace = TraceParser.Parse([P, Q], ["p->q:m@1", "q<-m"]),
        Before = Cuts(0, 0),
        After = Cuts(1, 1),
        NetworkRanDry = true,
        Undecided = [],
    };

    [Fact]
    public void A_good_round_has_no_violation() => Assert.All(Checker.All, checker => Assert.Null(checker.Violation(Good)));

    [Fact]
    public void An_orphan_message_is_named()
        => AssertNoticed(PermanentCheckpointsAreConsistent.Checker, Good with { After = Cuts(0, 1) }, "orphan messages m (p->q, label 1)");

    [Fact]
    public void A_second_tentative_checkpoint_in_a_round_is_noticed()
        => AssertNoticed(OneTentativeCheckpointEach.Checker, Also(Took(P, Q)), "p took 2 tentative checkpoints");

    [Fact]
    public void A_tentative_checkpoint_beside_an_older_one_is_noticed()
        => AssertNoticed(OneTentativeCheckpointEach.Checker, Saw(Took(Q, Daemon.Id) with { HeldAnother = true }), "q took a tentative checkpoint while it held another");

    [Fact]
    public void A_cycle_of_parents_is_no_tree()
        => AssertNoticed(AcceptedTakesFormATree.Checker, Saw(Took(P, new("r")), Took(new("r"), P)), "p has no path to the initiator q");

    [Fact]
    public void A_parent_outside_the_round_is_noticed()
        => AssertNoticed(AcceptedTakesFormATree.Checker, Saw(Took(Q, Daemon.Id), Took(P, new("r"))), "p has no path to the initiator q");

    [Fact]
    public void An_initiator_that_follows_another_is_noticed()
        => AssertNoticed(AcceptedTakesFormATree.Checker, Saw(Took(P, Q), Took(Q, P)), "the initiator q took its checkpoint for p");

    [Fact]
    public void A_round_without_a_decision_is_noticed()
        => AssertNoticed(EveryRoundEnds.Checker, Saw(Took(Q, Daemon.Id)), "never decided");

    [Fact]
    public void An_undecided_member_is_noticed()
        => AssertNoticed(EveryRoundEnds.Checker, Good with { Undecided = [P] }, "undecided tentative checkpoints of p");

    [Fact]
    public void Endless_messages_are_noticed()
        => AssertNoticed(EveryRoundEnds.Checker, Good with { NetworkRanDry = false }, "still in flight");

    [Fact]
    public void A_member_left_behind_by_a_commit_is_noticed()
        => AssertNoticed(AllOrNothing.Checker, Good with { After = Cuts(0, 1) }, "after commit wrong permanent checkpoints of p");

    [Fact]
    public void A_checkpoint_that_an_undo_made_permanent_is_noticed()
        => AssertNoticed(
            AllOrNothing.Checker, Saw(Took(Q, Daemon.Id), new Decided(Round, Commit: false)), "after undo wrong permanent checkpoints of p, q");

    [Fact]
    public void A_send_while_tentative_is_noticed()
        => AssertNoticed(NoSendWhileTentative.Checker, Also(new BasicMessageSent(P, new("n"), WhileTentative: true)), "p sent n while");

    [Fact]
    public void A_member_that_nobody_needed_is_noticed()
        => AssertNoticed(MinimalMembers.Checker, Good with { Trace = TraceParser.Parse([P, Q], ["p->q:m@1", "q->p:n@1"]) }, "without the new ones of p");

    [Fact]
    public void An_undo_without_reason_is_noticed()
        => AssertNoticed(NoNeedlessUndo.Checker, Saw(Took(Q, Daemon.Id), new Decided(Round, Commit: false)), "nobody who had to take part was unwilling");

    [Fact]
    public void An_undo_because_of_an_unwilling_bystander_is_noticed()
        => AssertNoticed(
            NoNeedlessUndo.Checker,
            Saw(Took(Q, Daemon.Id), new Decided(Round, Commit: false)) with { Unwilling = [P], Before = Cuts(1, 0) },
            "nobody who had to take part was unwilling");

    [Fact]
    public void An_undo_because_of_an_unwilling_sender_is_accepted()
        => Assert.Null(NoNeedlessUndo.Checker.Violation(Saw(Took(Q, Daemon.Id), new Decided(Round, Commit: false)) with { Unwilling = [P] }));

    private static void AssertNoticed(Checker checker, RoundOutcome broken, string violation)
    {
        var found = checker.Violation(broken);
        Assert.NotNull(found);
        Assert.Contains(violation, found, StringComparison.Ordinal);
    }

    private static RoundOutcome Saw(params ReadOnlySpan<Observation> observations) => Good with { Observations = [.. observations] };

    private static RoundOutcome Also(Observation observation) => Good with { Observations = Good.Observations.Add(observation) };

    private static TentativeTaken Took(ProcessName process, ProcessName parent) => new(Round, process, parent, HistoryLength: 1, HeldAnother: false);

    private static ImmutableDictionary<ProcessName, int> Cuts(int p, int q) => ImmutableDictionary<ProcessName, int>.Empty.Add(P, p).Add(Q, q);
}
