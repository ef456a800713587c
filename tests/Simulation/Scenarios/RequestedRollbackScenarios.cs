using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>Somebody asks for a rollback: everybody it concerns drains, stands still and votes, and one step decides.</summary>
public class RequestedRollbackScenarios
{
    private static readonly string[] Cohort = ["p", "q", "r"];
    private static readonly string[] All = [.. Cohort, "y", "z"];

    /// <summary>RB-15: y and z have nothing to do with it.</summary>
    [Fact]
    public void Exactly_those_roll_back_who_depend_on_the_first_one()
    {
        var script = Chain();
        var outcome = Ask(script, "p");
        script.Settle();

        Assert.True(outcome().IsDecided);
        Assert.Equal(["p", "q", "r"], outcome().Members.Select(member => member.End.Life.Participant.ToString()).Order());
        Assert.Equal(["p", "q", "r"], script.RolledBack);
        Assert.All(["p", "q", "r"], name => Assert.True(script.Permanent(name).SameAs(script[name].State)));
        Assert.False(script["z"].State.SameAs(new ActorState()));
    }

    /// <summary>The reason is a label above the mark of its sender; the work is what lies above one's own.</summary>
    [Fact]
    public void A_dry_run_says_who_would_roll_back_and_why_and_how_much_would_be_undone()
    {
        var script = Chain();
        var states = All.ToDictionary(name => name, name => script[name].State.Copy());
        var outcome = Ask(script, "p", isDryRun: true);
        script.Settle();

        var (p, q, r) = (outcome().Members[0], Member("q"), Member("r"));
        Assert.Equal("p", p.End.Life.Participant.ToString());
        Assert.Null(p.Reason);
        Assert.Equal((1, 3, 2), (p.End.LastSequence, p.LastLabel, p.LabelsUndone));
        Assert.Equal((p.End.Life, 3, 1), (q.Reason!.Value.LastLabelReceived.Sender, q.Reason.Value.LastLabelReceived.Sequence, q.Reason.Value.End));
        Assert.Equal(q.End.Life, r.Reason!.Value.LastLabelReceived.Sender);
        Assert.Equal(0, r.LabelsUndone);
        Assert.Empty(script.RolledBack);
        Assert.Empty(script.Control<HoldForRollBack>());
        Assert.All(states, state => Assert.True(script[state.Key].State.SameAs(state.Value)));

        RollbackMember Member(string name) => Assert.Single(outcome().Members, member => member.End.Life.Participant == ParticipantId.Named(name));
    }

    /// <summary>RB-16: each yes has a name, and the word that decides says which it rests on. Who has gone on since obeys no word that rests on that, wherever it is and however often it joins again.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_life_does_not_obey_a_word_that_rests_on_a_yes_after_which_it_went_on(bool joinsAgain, bool isHeld)
    {
        var ledger = new Ledger(new Life(ParticipantId.Named("s"), new Incarnation(1, Guid.NewGuid()), new SiloId(2)), CheckpointMark.Initial);
        var (left, arrived) = (Member(ledger), Member(ledger));
        var (request, life) = (Guid.NewGuid(), ledger.Life);
        left.OnAskToRollBack(new AskToRollBack(request, life, false), willing: true, quiescent: true);
        left.OnSilence();

        // The silo to which it has moved remembers nothing of that. A copy of the question, and perhaps more, has been on its way for long.
        if (joinsAgain)
        {
            arrived.OnAskToRollBack(new AskToRollBack(request, life, false), willing: true, quiescent: true);
            Assert.True(arrived.IsGateClosed);
        }

        if (isHeld)
        {
            arrived.OnHoldForRollBack(new HoldForRollBack(request, life), quiescent: true);
            Assert.True(arrived.IsHeld);
        }

        Assert.Contains(No(left.Vote), arrived.OnRollBackAsAsked(new RollBackAsAsked(request, life, left.Vote)));
        Assert.False(arrived.IsGateClosed);
        Assert.Equal([No(Guid.Empty)], arrived.OnAskToRollBack(new AskToRollBack(request, life, false), willing: true, quiescent: true));
        Assert.Equal([No(Guid.Empty)], arrived.OnHoldForRollBack(new HoldForRollBack(request, life), quiescent: true));
        Assert.Equal([No(left.Vote)], arrived.OnRollBackAsAsked(new RollBackAsAsked(request, life, left.Vote)));
        Assert.False(arrived.IsGateClosed);

        SendToRollbackCoordinator No(Guid vote) => new(new CannotRollBack(request, life, WhyNotRolledBack.WentOn, vote));
    }

    /// <summary>RB-16: at the word that decides a no counts only if it is about the yes on which that rests.</summary>
    [Fact]
    public void A_stale_no_does_not_belie_the_word_that_decides()
    {
        var (request, first) = (Guid.NewGuid(), new Life(ParticipantId.Named("p"), new Incarnation(1, Guid.NewGuid()), new SiloId(1)));
        var coordinator = new RequestedRollback(request, first.Participant, isDryRun: false, epoch: 1, patience: 3);
        var (stale, vote) = (Guid.NewGuid(), Guid.NewGuid());
        coordinator.Begin([new SiloId(1)]);
        foreach (var yes in (Guid[])[stale, vote])
        {
            coordinator.OnMessage(new WouldRollBack(request, new LifeEnd(first, 0), 0, 0, IsDrained: true, yes));
        }

        coordinator.OnMessage(new EndsTested(request, new SiloId(1), 1, []));
        coordinator.OnMessage(new HeldForRollBack(request, first));
        var word = coordinator.OnMessage(new EndsTested(request, new SiloId(1), 2, [])).OfType<TellParticipant>().Single().Message;
        Assert.Equal(new RollBackAsAsked(request, first, vote), word);

        foreach (var other in (Guid[])[stale, Guid.Empty])
        {
            Assert.Empty(coordinator.OnMessage(new CannotRollBack(request, first, WhyNotRolledBack.WentOn, other)));
        }

        Assert.Equal(RequestedRollbackStep.Commit, coordinator.Step);
        Assert.False(coordinator.OnMessage(new CannotRollBack(request, first, WhyNotRolledBack.WentOn, vote)).OfType<RollbackRequestEnded>().Single().Outcome.IsDecided);
    }

    /// <summary>RB-21: the first one is lost with the word that decides and never starts again; or it has obeyed, and its answers are lost. Nobody else waits for it, and if it has, it is an orphan like any other.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_does_not_answer_the_word_that_decides_does_not_hold_up_the_others(bool hasObeyed)
    {
        var (request, silo) = (Guid.NewGuid(), new SiloId(1));
        var (first, other) = (new Life(ParticipantId.Named("p"), new Incarnation(1, Guid.NewGuid()), silo), new Life(ParticipantId.Named("q"), new Incarnation(1, Guid.NewGuid()), silo));
        var coordinator = new RollbackCoordinator(Guid.NewGuid(), epoch: 1, patience: 3);
        coordinator.OnSilos([silo]);
        coordinator.OnMessage(new EndsInstalled(silo, Guid.Empty, 1, 0, [], false, []));
        coordinator.OnRollBackRequested(request, first.Participant, isDryRun: false);
        coordinator.OnRoundsPaused(request);
        Answer(first);
        Test(1, new WouldBeOrphan(other, new Receipt(first, 1), 0));
        Answer(other);
        Test(2);
        coordinator.OnMessage(new HeldForRollBack(request, first));
        coordinator.OnMessage(new HeldForRollBack(request, other));
        Test(3);
        Assert.Equal(RequestedRollbackStep.Commit, coordinator.Requested!.Step);

        for (var again = 0; again < 3; again++)
            Assert.Contains(coordinator.OnResendDue().OfType<TellParticipant>(), tell => tell.Message is RollBackAsAsked);

        var effects = coordinator.OnResendDue();
        var outcome = Assert.Single(effects.OfType<RollbackRequestEnded>()).Outcome;
        Assert.Equal((false, WhyNotRolledBack.Unknown, first), (outcome.IsDecided, outcome.WhyNot!.Value, outcome.Refused!));
        Assert.Single(effects.OfType<ResumeRounds>());
        Assert.Equal([first, other], effects.OfType<TellParticipant>().Where(tell => tell.Message is DoNotRollBack).Select(tell => tell.Message.Life));
        Assert.Null(coordinator.Requested);
        if (hasObeyed)
        {
            Assert.Contains(coordinator.OnMessage(new ReadyToRollBack(new LifeEnd(first, 0))).OfType<TellAgent>(), tell => tell.Message.Ends.Contains(new LifeEnd(first, 0)));
        }

        void Answer(Life life) => coordinator.OnMessage(new WouldRollBack(request, new LifeEnd(life, 0), 1, 1, IsDrained: true, Guid.NewGuid()));

        void Test(int wave, params WouldBeOrphan[] found) => coordinator.OnMessage(new EndsTested(request, silo, wave, [.. found]));
    }

    /// <summary>RB-15, RB-16: r says no; nobody has noticed anything but a pause.</summary>
    [Fact]
    public void One_no_lets_everybody_go_on_unharmed()
    {
        var script = Chain();
        var lives = Cohort.ToDictionary(name => name, name => RollbackScenarios.Life(script, name));
        script.Hold(static (peer, message) => peer == "r" && message is AskToRollBack);
        var outcome = Ask(script, "p");
        script.RunUntil(() => script.Control<AskToRollBack>().Any(ask => ask.Life.Equals(lives["r"])));
        script.Client(Call("p"));
        script.Run(20);
        Assert.Equal(1, script["p"].QueueLength);
        var request = script.Control<AskToRollBack>().First().Request;
        script.Cluster.Network.Held.Clear();
        script.Cluster.Coordinator.Rollback.Receive(new CannotRollBack(request, lives["r"], WhyNotRolledBack.Unwilling, Guid.Empty));
        script.Hold(static (_, _) => false);
        script.Settle();

        Assert.Equal((false, WhyNotRolledBack.Unwilling, lives["r"]), (outcome().IsDecided, outcome().WhyNot!.Value, outcome().Refused!));
        Assert.Empty(script.RolledBack);
        Assert.All(lives, life => Assert.Equal(life.Value, RollbackScenarios.Life(script, life.Key)));
        Assert.Equal(0, script["p"].QueueLength);
        var requested = script.Checkpoint("r");
        script.Settle();
        Assert.IsType<CheckpointCommitted>(requested.Outcome);
    }

    /// <summary>RB-16, RB-17: before the word that decides nothing has happened, and those who stand still go on by themselves.</summary>
    [Fact]
    public void A_coordinator_that_dies_before_the_deciding_word_leaves_everybody_as_he_was()
    {
        var script = Chain();
        script.Hold(static (_, message) => message is RollBackAsAsked);
        Ask(script, "p", mayFail: true);
        script.RunUntil(() => script.Control<RollBackAsAsked>().Any());
        Assert.All(["p", "q", "r"], name => Assert.True(script[name].Host.Rollback.Requested.IsHeld));
        script.Cluster.Coordinators.Crash(script.Cluster.Coordinator, becomesZombie: false);
        script.Cluster.Network.Held.Clear();
        script.Hold(static (_, _) => false);
        script.Settle();

        Assert.Empty(script.RolledBack);
        Assert.All(["p", "q", "r"], name => Assert.False(script[name].Host.Rollback.Requested.IsGateClosed));
    }

    /// <summary>
    /// RB-16: the word that decides does not arrive. When the pause is over, the others are told nothing more, so they go on by themselves; and when the first one hears the
    /// word at last, it has gone on as well.
    /// </summary>
    [Fact]
    public void Nobody_is_held_for_longer_than_the_pause_because_the_deciding_word_does_not_arrive()
    {
        var script = Chain();
        script.Hold(static (_, message) => message is RollBackAsAsked);
        var outcome = Ask(script, "p");
        script.RunUntil(() => Cohort.All(name => script[name].Host.Rollback.Requested.IsHeld));
        script.Run(script.Cluster.Settings.PauseBound + SimulatedCluster.SilenceLimit + (2 * SimulatedCluster.AskInterval));
        Assert.All(Cohort, name => Assert.False(script[name].Host.Rollback.Requested.IsGateClosed));
        Assert.Null(outcome());
        script.Release();
        script.Settle();

        Assert.Equal((false, WhyNotRolledBack.WentOn), (outcome().IsDecided, outcome().WhyNot!.Value));
        Assert.Empty(script.RolledBack);
    }

    /// <summary>RB-17: after it, all of it happens, whoever is the coordinator.</summary>
    [Fact]
    public void A_coordinator_that_dies_after_the_deciding_word_leaves_nobody_behind()
    {
        var script = Chain();
        script.Hold(static (_, message) => message is ReadyToRollBack);
        Ask(script, "p", mayFail: true);
        script.RunUntil(() => script["p"].IsStopped);
        script.Cluster.Coordinators.Crash(script.Cluster.Coordinator, becomesZombie: false);
        script.Cluster.Network.Held.Clear();
        script.Hold(static (_, _) => false);
        script.Settle();

        Assert.Equal(["p", "q", "r"], script.RolledBack);
    }

    /// <summary>RB-17: the first one has got ready, and its silo dies before anybody has heard of it: to be lost comes to the same.</summary>
    [Fact]
    public void The_loss_of_the_first_one_after_the_deciding_word_comes_to_the_same()
    {
        var script = Chain();
        script.Hold(static (_, message) => message is ReadyToRollBack { End.Life: var life } && life.Participant == ParticipantId.Named("p"));
        var outcome = Ask(script, "p");
        script.RunUntil(() => script["p"].IsStopped);
        script.Lose(2);
        script.Cluster.Network.Held.Clear();
        script.Hold(static (_, _) => false);
        script.Settle();

        Assert.True(outcome().IsDecided);
        Assert.Equal(["q", "r"], script.RolledBack);
        Assert.True(script.Permanent("p").SameAs(script["p"].State));
    }

    /// <summary>RB-18: a loss that makes somebody an orphan comes first.</summary>
    [Fact]
    public void A_forced_rollback_comes_first()
    {
        var script = Chain();
        script.Hold(static (_, message) => message is HeldForRollBack);
        var outcome = Ask(script, "p");
        script.RunUntil(() => script.Control<HeldForRollBack>().Any());
        script.Lose(5);
        script.RunUntil(() => script.RolledBack.Any());
        script.Release();
        script.Settle();

        Assert.Equal((false, WhyNotRolledBack.ForcedRollback), (outcome().IsDecided, outcome().WhyNot!.Value));
        Assert.Equal(["z"], script.RolledBack);
    }

    /// <summary>RB-18: the round that runs is let finish, and the next one begins afterwards; then there is something to checkpoint for nobody but z.</summary>
    [Fact]
    public void Rounds_and_rollbacks_that_are_asked_for_exclude_each_other()
    {
        var script = Chain();
        script.Hold(static (_, message) => message is HeldForRollBack);
        var outcome = Ask(script, "p");
        script.RunUntil(() => script.Control<HeldForRollBack>().Any());
        var requested = script.Checkpoint("r", "z");
        script.Run(100);
        Assert.DoesNotContain(script.Control<JoinRound>(), join => join.Round.Number > 1);
        script.Release();
        script.Settle();

        Assert.True(outcome().IsDecided);
        Assert.Equal(["p", "q", "r"], script.RolledBack);
        Assert.Equal(["y", "z"], requested.Cohort);
    }

    /// <summary>A chain that does not end keeps the gate closed no longer than it may be.</summary>
    [Fact]
    public void Who_does_not_drain_in_time_goes_on()
    {
        var script = Chain();
        script.Client(Call("q", new Work(800)));
        script.Run(10);
        var outcome = Ask(script, "p");
        script.Settle();

        Assert.Equal((false, WhyNotRolledBack.TooBusy), (outcome().IsDecided, outcome().WhyNot!.Value));
        Assert.Empty(script.RolledBack);
    }

    /// <summary>RB-18: rounds wait for a dry run too, so somebody who never answers must not hold it up for ever: the first one, or one that it draws in.</summary>
    [Theory]
    [InlineData("p", true)]
    [InlineData("r", true)]
    [InlineData("r", false)]
    public void Who_does_not_answer_in_time_ends_a_dry_run_as_well(string silent, bool isDryRun)
    {
        var script = Chain();
        script.Hold((peer, message) => peer == silent && message is AskToRollBack);
        var outcome = Ask(script, "p", isDryRun);
        script.RunUntil(() => outcome() is not null);

        Assert.Equal((false, WhyNotRolledBack.NoAnswer, silent), (outcome().IsDecided, outcome().WhyNot!.Value, outcome().Refused!.Participant.ToString()));
        script.Release();
        var requested = script.Checkpoint("r");
        script.Settle();
        Assert.IsType<CheckpointCommitted>(requested.Outcome);
        Assert.Empty(script.RolledBack);
    }

    /// <summary>RB-16: a participant that has refused stays out.</summary>
    [Fact]
    public void Who_has_said_no_says_so_again()
    {
        var ledger = new Ledger(new Life(ParticipantId.Named("p"), new Incarnation(1, Guid.NewGuid())), CheckpointMark.Initial);
        var member = Member(ledger);
        var ask = new AskToRollBack(Guid.NewGuid(), ledger.Life, IsDryRun: false);

        var no = member.OnAskToRollBack(ask, willing: false, quiescent: true);
        Assert.Equal(no, member.OnAskToRollBack(ask, willing: true, quiescent: true));
        Assert.False(member.IsGateClosed);
        member.OnAskToRollBack(ask with { Request = Guid.NewGuid() }, willing: true, quiescent: true);
        Assert.True(member.IsGateClosed);
    }

    /// <summary>RB-17: copies of earlier messages arrive when p has got ready, and even when silence has made it forget its gate.</summary>
    [Fact]
    public void Who_has_got_ready_answers_every_late_message_by_a_yes()
    {
        var ledger = new Ledger(new Life(ParticipantId.Named("p"), new Incarnation(1, Guid.NewGuid())), CheckpointMark.Initial);
        var member = Member(ledger);
        var (life, request) = (ledger.Life, Guid.NewGuid());
        member.OnAskToRollBack(new AskToRollBack(request, life, IsDryRun: false), willing: true, quiescent: true);
        member.OnHoldForRollBack(new HoldForRollBack(request, life), quiescent: true);
        var ready = new SendToRollbackCoordinator(new ReadyToRollBack(new LifeEnd(life, 0)));
        Assert.Equal([new StopHandlers(), ready], member.OnRollBackAsAsked(new RollBackAsAsked(request, life, member.Vote)));

        for (var i = 0; i < 2; i++, member.OnSilence())
        {
            Assert.Equal([ready], member.OnAskToRollBack(new AskToRollBack(request, life, IsDryRun: false), willing: false, quiescent: true));
            Assert.Equal([ready], member.OnHoldForRollBack(new HoldForRollBack(request, life), quiescent: true));
            Assert.Equal([ready], member.OnRollBackAsAsked(new RollBackAsAsked(request, life, member.Vote)));
        }
    }

    private static RequestedRollbackMember Member(Ledger ledger)
    {
        var (undone, checkpoint) = (new UndoneLabels(), new CheckpointParticipant(ledger, RoundNumber.None));
        return new RequestedRollbackMember(ledger, checkpoint, new RollbackParticipant(ledger, checkpoint, undone), undone, Guid.NewGuid);
    }

    /// <summary>p has a checkpoint at label 1, and has sent two labels to q since, and q one to r. y has sent one to z.</summary>
    private static Script Chain()
    {
        var script = new Script("p@2", "q@3", "r@4", "y@5", "z@6");
        script.Sends("p", "q");
        script.Checkpoint("q");
        script.Settle();
        script.Sends("p", "q", 2);
        script.Sends("q", "r");
        script.Sends("y", "z");
        return script;
    }

    private static Func<RequestedRollbackOutcome> Ask(Script script, string participant, bool isDryRun = false, bool mayFail = false)
    {
        RequestedRollbackOutcome? outcome = null;
        script.Cluster.RequestRollback(participant, isDryRun, ended =>
        {
            Assert.True(ended is not null || mayFail);
            outcome = ended;
        });
        return () => outcome!;
    }
}
