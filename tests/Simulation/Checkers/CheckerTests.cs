using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Each checker is shown a hand-made history that keeps its rule and one that breaks it.</summary>
public class CheckerTests
{
    private static readonly ExactSet All = Set([.. Enumerable.Range(1, 100)]);

    [Fact]
    public void An_orphan_message_is_found_and_one_in_transit_is_not()
    {
        Assert.Null(OrphanMessageChecker.FindOrphan(Cut(("p", State([1, 2], [])), ("q", State([], [1]))), All));
        Assert.Equal(("q", 2), OrphanMessageChecker.FindOrphan(Cut(("p", State([1], [])), ("q", State([], [1, 2]))), All));
    }

    [Fact]
    public void Messages_of_senders_without_state_are_not_judged()
    {
        Assert.Null(OrphanMessageChecker.FindOrphan(Cut(("p", State([], [])), ("q", State([], [7]))), judged: Set([1, 2])));
    }

    [Fact]
    public void Half_a_call_is_found_on_either_side()
    {
        var call = Call("p", "q", request: 1, response: 2);
        Assert.Null(WholeChainChecker.FindHalfChain(Cut(("p", State([1], [2])), ("q", State([2], [1]))), [call]));
        Assert.Null(WholeChainChecker.FindHalfChain(Cut(("p", State([], [])), ("q", State([], []))), [call]));
        Assert.NotNull(WholeChainChecker.FindHalfChain(Cut(("p", State([1], [])), ("q", State([2], [1]))), [call]));
        Assert.NotNull(WholeChainChecker.FindHalfChain(Cut(("p", State([1], [2])), ("q", State([], []))), [call]));
        Assert.NotNull(WholeChainChecker.FindHalfChain(Cut(("p", State([1], [2])), ("q", State([], [1]))), [call]));
    }

    [Fact]
    public void A_call_that_timed_out_may_be_there_by_half()
    {
        var call = Call("p", "q", request: 1, response: 2);
        call.End = CallEnd.TimedOut;
        Assert.Null(WholeChainChecker.FindHalfChain(Cut(("p", State([1], [])), ("q", State([2], [1]))), [call]));
    }

    [Fact]
    public void Half_a_chain_through_an_actor_without_state_is_found_if_it_starts_in_one_with_state()
    {
        var outer = Call("p", "s", request: 1, response: 2);
        var first = Call(null, "q", request: 3, response: 4, through: outer);
        var second = Call(null, "r", request: 5, response: 6, through: outer);
        var half = Cut(("p", State([1], [2])), ("q", State([4], [3])), ("r", State([], [])));
        Assert.NotNull(WholeChainChecker.FindHalfChain(half, [outer, first, second]));

        var fromClient = Call(null, "s", request: 1, response: 2);
        var left = Call(null, "q", request: 3, response: 4, through: fromClient);
        var right = Call(null, "r", request: 5, response: 6, through: fromClient);
        Assert.Null(WholeChainChecker.FindHalfChain(half, [fromClient, left, right]));
    }

    [Fact]
    public void A_member_that_nobody_needed_is_found()
    {
        var before = Cut(("p", State([], [])), ("q", State([], [])), ("r", State([], [])));
        var needed = Cut(("p", State([1], [])), ("q", State([], [1])), ("r", State([], [])));
        var needless = Cut(("p", State([1], [])), ("q", State([], [1])), ("r", State([9], [])));
        Assert.Null(MinimalityChecker.FindNeedless(before, needed, ["p", "q"], ["q"], All));
        Assert.NotNull(MinimalityChecker.FindNeedless(before, needed, ["p", "q"], ["p"], All));
        Assert.NotNull(MinimalityChecker.FindNeedless(before, needless, ["p", "q", "r"], ["q"], All));
    }

    [Fact]
    public void The_permanent_checkpoint_is_the_newest_committed_slot_or_the_one_it_was_based_on()
    {
        var (one, two) = (new RoundNumber(1, 1), new RoundNumber(1, 2));
        var older = new SlotRecord(new SlotHead(1, one, RoundNumber.None, CheckpointMark.Initial), new ActorState());
        var newer = new SlotRecord(new SlotHead(2, two, one, CheckpointMark.Initial), new ActorState());
        var none = DecisionRecord.First(Guid.Empty);
        Assert.Same(newer, PermanentCut.Of(older, newer, none.Commit([two], 2)).Permanent);
        Assert.Same(older, PermanentCut.Of(older, newer, none.Commit([one], 1)).Permanent);
        Assert.Same(older, PermanentCut.Of(newer, older, none).Permanent);
        Assert.Null(PermanentCut.Of(older, null, none).Permanent);
        Assert.NotNull(PermanentCut.Of(null, newer, none).Damage);
    }

    [Fact]
    public void A_gate_that_is_closed_too_long_or_for_ever_is_found()
    {
        var gates = new GateChecker(100, Report);
        gates.OnClosed("p", 0);
        gates.OnOpened("p", 100);
        gates.JudgeAllOpen();
        gates.OnClosed("p", 200);
        Assert.Throws<SimulationViolationException>(() => gates.JudgeAllOpen());
        Assert.Throws<SimulationViolationException>(() => gates.OnOpened("p", 301));
    }

    [Fact]
    public void Two_answers_about_one_round_are_found()
    {
        var round = new RoundNumber(1, 1);
        var decisions = new DecisionChecker(Report);
        decisions.OnBelieved("p", new MakePermanent(round), round);
        decisions.OnBelieved("q", new DecisionAnswered(round, Decision.Undecided), round);
        decisions.OnBelieved("r", new UndoTentative(round), RoundNumber.None);
        Assert.Throws<SimulationViolationException>(() => decisions.OnBelieved("q", new DecisionAnswered(round, Decision.Aborted), round));
        Assert.Throws<SimulationViolationException>(() => decisions.OnBelieved("q", new UndoTentative(round), round));
    }

    [Fact]
    public void A_clean_participant_that_writes_and_one_that_writes_twice_are_found()
    {
        var writes = Cluster().Judges.Writes;
        writes.OnSlotWrite("p", new RoundNumber(1, 1), State([1], []), State([], []));
        Assert.Throws<SimulationViolationException>(() => writes.OnSlotWrite("p", new RoundNumber(1, 1), State([1], []), State([], [])));
        Assert.Throws<SimulationViolationException>(() => writes.OnSlotWrite("q", new RoundNumber(1, 1), State([1], [2]), State([1], [2])));

        // It has received a message whose effects it had read before.
        var receivedAgain = State([1], [2]);
        receivedAgain.Receipts = 1;
        writes.OnSlotWrite("q", new RoundNumber(1, 1), receivedAgain, State([1], [2]));
    }

    [Fact]
    public void A_commit_whose_members_are_not_those_that_wrote_is_found()
    {
        var writes = Cluster().Judges.Writes;
        writes.OnSlotWrite("p", new RoundNumber(1, 1), State([1], []), State([], []));
        writes.OnCommitted([("p", new RoundNumber(1, 1))]);
        Assert.Throws<SimulationViolationException>(() => writes.OnCommitted([("p", new RoundNumber(1, 1)), ("q", new RoundNumber(1, 1))]));
    }

    [Fact]
    public void A_request_that_is_answered_twice_or_never_is_found()
    {
        var requests = Cluster().Judges.Requests;
        var answer = requests.OnAsked(1, [], [], static _ => { });
        Assert.Throws<SimulationViolationException>(requests.JudgeAllAnswered);
        answer(null);
        requests.JudgeAllAnswered();
        Assert.Throws<SimulationViolationException>(() => answer(null));
    }

    [Fact]
    public void An_outcome_that_says_more_or_less_than_what_is_permanent_is_found()
    {
        var nothing = RoundReport.Empty;
        var q = new LeftOutMember(ParticipantId.Named("q"), AbortReason.TooBusy, null, "");
        var p = new MemberReport(ParticipantId.Named("p"), new RoundNumber(1, 1), null, MessageLabel.Bottom, 0, CheckpointMark.Initial);
        var half = new RoundReport(new RoundNumber(1, 1), [p], [q], 0, 2);
        Assert.Null(Untruth(new CheckpointPartlyCommitted(q, half), "p"));
        Assert.Null(Untruth(new CheckpointCommitted(half with { LeftOut = [] }), "p", "q"));
        Assert.Null(Untruth(new CheckpointAborted(q, nothing with { LeftOut = [q] }), "p"));
        Assert.Null(Untruth(new NothingToCheckpoint(nothing), "p", "q"));

        Assert.NotNull(Untruth(new CheckpointPartlyCommitted(q, half)));
        Assert.NotNull(Untruth(new CheckpointPartlyCommitted(q, half with { Committed = [] }), "p"));
        Assert.NotNull(Untruth(new CheckpointPartlyCommitted(q, half with { LeftOut = [] }), "p"));
        Assert.NotNull(Untruth(new CheckpointCommitted(half), "p", "q"));
        Assert.NotNull(Untruth(new CheckpointCommitted(nothing), "p", "q"));
        Assert.NotNull(Untruth(new CheckpointAborted(q, half), "p", "q"));
        Assert.NotNull(Untruth(new NothingToCheckpoint(nothing), "p"));
    }

    private static string? Untruth(CheckpointOutcome outcome, params string[] permanent) => OutcomeChecker.FindUntruth(outcome, ["p", "q"], permanent.Contains);

    [Fact]
    public void A_restart_from_anything_but_the_permanent_checkpoint_is_found()
    {
        var cluster = Cluster();
        var participant = cluster.AddParticipant("p", isReentrant: false);
        var permanent = cluster.Judges.Permanent;
        permanent.OnRestarted(participant, new ActorState());
        Assert.Throws<SimulationViolationException>(() => permanent.OnRestarted(participant, State([1], [])));
    }

    private static void Report(string checker, string detail) => throw new SimulationViolationException(checker, detail);

    private static SimulatedCluster Cluster() => new(seed: 1, FaultProfile.None, Mutation.None, isTraced: false);

    private static CallRecord Call(string? caller, string callee, int request, int response, CallRecord? through = null) => new()
    {
        Caller = caller,
        Callee = callee,
        Request = request,
        Response = response,
        Through = through,
        IsAwaited = true,
        End = CallEnd.Completed,
    };

    private static SortedDictionary<string, ActorState> Cut(params ReadOnlySpan<(string Actor, ActorState State)> states)
    {
        var cut = new SortedDictionary<string, ActorState>(StringComparer.Ordinal);
        foreach (var (actor, state) in states)
        {
            cut.Add(actor, state);
        }

        return cut;
    }

    private static ActorState State(int[] happened, int[] received)
    {
        var state = new ActorState();
        state.Happened.UnionWith(Set(happened));
        state.Received.UnionWith(Set(received));
        return state;
    }

    private static ExactSet Set(int[] ids)
    {
        var set = new ExactSet();
        foreach (var id in ids)
        {
            set.Add(id);
        }

        return set;
    }
}
