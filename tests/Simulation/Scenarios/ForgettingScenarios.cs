using Checkpointing.Protocol;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>What participants, silos and coordinators forget in time, and what becomes of those who still need it.</summary>
public class ForgettingScenarios
{
    private static readonly SiloId First = new(1);

    /// <summary>RB-22.</summary>
    [Fact]
    public void A_mark_remembers_the_youngest_lives_and_says_the_same_as_long_as_nothing_is_sent()
    {
        var mark = CheckpointMark.Initial;
        for (var life = 1; life <= IncarnationTable.Capacity + 3; life++)
        {
            var quiet = new Ledger(NewLife(100 + life), mark);
            Assert.True(quiet.TakeTentative().Mark.SaysTheSameAs(mark));

            var ledger = new Ledger(NewLife(life), mark);
            ledger.Send();
            ledger.TakeTentative();
            ledger.MakePermanent();
            mark = ledger.PermanentMark;
            Assert.True(ledger.TakeTentative().Mark.SaysTheSameAs(mark));
        }

        Assert.Equal(Enumerable.Range(4, IncarnationTable.Capacity), mark.Table().Ends.Select(end => (int)end.Incarnation.Generation));
        var next = new Ledger(NewLife(50), mark);
        Assert.Equal((0, 1), (next.EndOf(NewLife(3)).LastSequence, next.EndOf(NewLife(4)).LastSequence));
        Assert.Equal((false, true), (next.IsValid(LabelOf(3)), next.IsValid(LabelOf(4))));

        static MessageLabel LabelOf(int life) => new(NewLife(life).Incarnation, 1);
    }

    /// <summary>RB-22: p has received from a life of x that x has forgotten since. It rolls back to be sure, and what depends on it rolls back with it; then it can be checkpointed again.</summary>
    [Fact]
    public void Who_has_received_from_a_life_that_its_sender_has_forgotten_rolls_back()
    {
        var script = new Script(new SimulationSettings { LivesRemembered = 1 }, "x@2", "p@3", "q@4");
        script.Sends("x", "p");
        SendsInANewLife();
        Assert.Empty(script.RolledBack);
        var needed = script.Checkpoint("p");
        script.Settle();

        Assert.Equal(AbortReason.OrphanFound, needed.Aborted);
        Assert.Equal((1, 1), (script.RolledBack.Count(), script.Cluster.Judges.Rollbacks.ToBeSure));
        Assert.Equal(["p"], script.RolledBack);
        script.Sends("q", "p");
        var again = script.Checkpoint("p");
        script.Settle();
        Assert.Equal(["p", "q"], again.Cohort);

        void SendsInANewLife()
        {
            script.Checkpoint("x");
            script.Settle();
            script.Cluster.RestartWhenClean(script["x"]);
            script.Sends("x", "q");
            script.Checkpoint("x");
            script.Settle();
        }
    }

    /// <summary>RB-22: the silo of p knows where that life of x ended, and that p's label counts. What x says now goes over it.</summary>
    [Fact]
    public void A_life_that_is_forgotten_after_its_end_was_said_counts_no_more()
    {
        var (undone, facts, life) = (new UndoneLabels(), new FactLog(), NewLife(1));
        undone.Install(new LifeEnd(life, 5));
        Assert.True(facts.Learn(new LifeEnd(life, 5)));
        Assert.False(undone.Contains(life, 5));
        undone.Install(new LifeEnd(life, 0));
        Assert.True(facts.Learn(new LifeEnd(life, 0)));
        Assert.True(undone.Contains(life, 5));

        // Late.
        undone.Install(new LifeEnd(life, 5));
        Assert.False(facts.Learn(new LifeEnd(life, 5)));
        Assert.True(undone.Contains(life, 5));
        Assert.Equal(0, facts.EndOf(life).LastSequence);

        undone.Install(new LifeEnd(NewLife(2), 5));
        Assert.Throws<ProtocolInvariantViolatedException>(() => undone.Install(new LifeEnd(NewLife(2), 4)));
    }

    /// <summary>RB-22: a round finds that a label does not count, of which the coordinator knows that it does.</summary>
    [Fact]
    public void A_label_that_does_not_count_any_more_is_asked_about_once_more()
    {
        var (coordinator, life) = (NewCoordinator(), NewLife(1));
        coordinator.OnMessage(new LifeEnded(new LifeEnd(life, 5)));
        Assert.Empty(Asked(coordinator.OnMessage(new SuspectsReported([new Suspect(life, 3)]))));
        Assert.Equal([life], Asked(coordinator.OnUndoneLabel(new Suspect(life, 3))));
        Assert.Equal([new LifeEnd(life, 0)], Told(coordinator.OnMessage(new LifeEnded(new LifeEnd(life, 0)))));
        Assert.Empty(Asked(coordinator.OnUndoneLabel(new Suspect(life, 3))));
    }

    /// <summary>RB-23: a silo that has forgotten a fact hears it again as long as the coordinator knows it, and else the life is asked about again.</summary>
    [Fact]
    public void What_a_silo_has_forgotten_is_said_again_or_asked_again()
    {
        var (coordinator, agent, life) = (NewCoordinator(), new RollbackAgent(First), NewLife(1));
        agent.OnLifeStopped(life);
        Deliver(coordinator.OnMessage(new LifeEnded(new LifeEnd(life, 5))));
        Assert.True(agent.Undone.Contains(life, 6));
        Assert.Empty(agent.StoppedLives());
        Assert.False(coordinator.IsBusy);

        // Reports that were on their way are no reason.
        Assert.Empty(coordinator.OnMessage(new SuspectsReported([new Suspect(life, 6)])));
        agent.ForgetOlder(hasOrphans: false);
        Assert.True(agent.Undone.Contains(life, 6));
        agent.ForgetOlder(hasOrphans: false);
        Assert.False(agent.Undone.Knows(life));

        coordinator.ForgetOlder();
        Deliver(coordinator.OnMessage(new SuspectsReported([new Suspect(life, 6)])));
        Assert.True(agent.Undone.Contains(life, 6));
        Assert.False(coordinator.IsBusy);

        coordinator.ForgetOlder();
        coordinator.ForgetOlder();
        Assert.Equal([life], Asked(coordinator.OnMessage(new SuspectsReported([new Suspect(life, 6)]))));

        void Deliver(IEnumerable<RollbackEffect> effects)
        {
            foreach (var tell in effects.OfType<TellAgent>())
            {
                coordinator.OnMessage(agent.OnTested(tell.Message, agent.OnInstallEnds(tell.Message)!.Value, []));
            }
        }
    }

    /// <summary>RB-23: positions go on behind what is forgotten, also for a silo that joins.</summary>
    [Fact]
    public void A_silo_that_joins_gets_what_is_not_forgotten()
    {
        var (coordinator, second) = (NewCoordinator(), new RollbackAgent(new SiloId(2)));
        coordinator.OnMessage(new LifeEnded(new LifeEnd(NewLife(1), 5)));
        coordinator.ForgetOlder();
        Assert.Equal([0], coordinator.OnResendDue().OfType<TellAgent>().Select(tell => tell.Message.Position));

        // Not before all silos have it.
        coordinator.ForgetOlder();
        coordinator.OnMessage(new EndsInstalled(First, default, 1, 1, [], false, null));
        coordinator.OnMessage(new LifeEnded(new LifeEnd(NewLife(2), 7)));
        coordinator.ForgetOlder();

        var told = Assert.Single(coordinator.OnSilos([First, new SiloId(2)]).OfType<TellAgent>()).Message;
        Assert.Equal((1, 1, true), (told.Position, told.Forgotten, told.AsksForAll));
        coordinator.OnMessage(second.OnTested(told, second.OnInstallEnds(told)!.Value, []));
        coordinator.OnMessage(new EndsInstalled(First, default, 1, 2, [], false, null));
        Assert.Equal([new LifeEnd(NewLife(2), 7)], second.Undone.Ends);
        Assert.False(coordinator.IsBusy);
    }

    /// <summary>K27: nobody rolls back before every silo has said what it knows, however often the answer is lost.</summary>
    [Fact]
    public void A_new_coordinator_asks_every_silo_for_what_it_knows_until_it_has_heard_it()
    {
        var (coordinator, agent, life) = (new RollbackCoordinator(default, epoch: 2, patience: 60), new RollbackAgent(First), NewLife(1));
        agent.OnInstallEnds(new InstallEnds(Guid.NewGuid(), 1, 0, [new LifeEnd(life, 5)]));
        _ = Answer(coordinator.OnSilos([First]));
        var later = Answer(coordinator.OnMessage(new ReadyToRollBack(new LifeEnd(NewLife(2), 1))));
        Assert.NotNull(later.AllEnds);
        coordinator.OnMessage(later with { AllEnds = null });
        Assert.True(coordinator.IsBusy);

        var effects = coordinator.OnMessage(Answer(coordinator.OnResendDue()));
        Assert.Equal([new LifeEnd(life, 5)], Told(effects));
        Assert.Empty(effects.OfType<RollbackDecided>());
        Assert.Single(coordinator.OnMessage(Answer(effects)).OfType<RollbackDecided>());

        EndsInstalled Answer(IEnumerable<RollbackEffect> said)
        {
            var install = said.OfType<TellAgent>().Last().Message;
            return agent.OnTested(install, agent.OnInstallEnds(install)!.Value, []);
        }
    }

    /// <summary>RB-23, RB-2: r is an orphan and in doubt about a round, for longer than its silo remembers; then it rolls back all the same.</summary>
    [Fact]
    public void What_makes_somebody_an_orphan_is_not_forgotten_until_it_has_rolled_back()
    {
        var (agent, sender, round) = (new RollbackAgent(First), NewLife(2), new RoundNumber(1, 1));
        var ledger = new Ledger(NewLife(1), CheckpointMark.Initial);
        var checkpoint = new CheckpointParticipant(ledger, RoundNumber.None);
        var rollback = new RollbackParticipant(ledger, checkpoint, agent.Undone);
        ledger.Send();
        checkpoint.OnJoin(new JoinRound(round, IsInitiator: true, []), willing: true, quiescent: true);
        checkpoint.OnTakeSnapshot(new TakeSnapshot(round, 1), quiescent: true);
        checkpoint.OnCaptured(stateIsUnchanged: false);
        checkpoint.OnStoreSnapshot(new StoreSnapshot(round, 1, ledger.Life.Incarnation, round));
        checkpoint.OnSnapshotStored(round, durable: true, "");
        ledger.Receive(new MessageStamp(sender, 2));
        agent.OnInstallEnds(new InstallEnds(default, 1, 0, [new LifeEnd(sender, 0)]));
        Assert.Empty(rollback.OnPrepareToRollBack(new PrepareToRollBack(ledger.Life)));
        Assert.Equal(RollbackPhase.AwaitingDecision, rollback.Phase);

        for (var interval = 0; interval < 3; interval++)
        {
            agent.ForgetOlder(ledger.IsOrphan(agent.Undone));
        }

        checkpoint.OnUndoTentative(round);
        Assert.Contains(rollback.OnDecided(), effect => effect is SendToRollbackCoordinator { Message: ReadyToRollBack });
        agent.ForgetOlder(hasOrphans: false);
        agent.ForgetOlder(hasOrphans: false);
        Assert.False(agent.Undone.Knows(sender));
    }

    /// <summary>The same of one that is on its way to another silo.</summary>
    [Fact]
    public void What_makes_somebody_an_orphan_that_moves_is_not_forgotten_until_it_was_found()
    {
        var (agent, sender, ledger) = (new RollbackAgent(First), NewLife(2), new Ledger(NewLife(1), CheckpointMark.Initial));
        ledger.Receive(new MessageStamp(sender, 2));
        ledger.Send();
        Assert.True(agent.OnLifeMovesAway(ledger));
        agent.OnInstallEnds(new InstallEnds(default, 1, 0, [new LifeEnd(sender, 0)]));
        agent.ForgetOlder(hasOrphans: false);
        agent.ForgetOlder(hasOrphans: false);
        Assert.True(agent.Undone.Knows(sender));

        agent.OnSuspectsCleared(new SuspectsCleared([new LabelsCount(new Life(ledger.Life.Participant, ledger.Life.Incarnation, new SiloId(2)), ledger.LastSequence)]));
        agent.ForgetOlder(hasOrphans: false);
        agent.ForgetOlder(hasOrphans: false);
        Assert.False(agent.Undone.Knows(sender));
    }

    /// <summary>RB-13, RB-23: who has moved away is looked for again, until what it had sent before counts for ever.</summary>
    [Fact]
    public void A_life_that_moved_and_was_checkpointed_is_forgotten_by_the_silo_that_it_left()
    {
        var (life, ledger) = (NewLife(1), new Ledger(NewLife(1), CheckpointMark.Initial));
        var agent = new RollbackAgent(First);
        ledger.Send();
        agent.OnLifeMovesAway(ledger);
        var asked = Assert.Single(agent.StoppedLives());
        agent.OnSuspectsCleared(new SuspectsCleared([new LabelsCount(new Life(life.Participant, life.Incarnation, new SiloId(2)), ledger.LastSequence)]));
        Assert.Empty(agent.StoppedLives());
        agent.ForgetOlder(hasOrphans: false);
        agent.ForgetOlder(hasOrphans: false);
        Assert.Equal(asked, Assert.Single(agent.StoppedLives()));

        ledger.TakeTentative();
        ledger.MakePermanent();
        ledger.Send();
        var p = new RollbackParticipant(ledger, new CheckpointParticipant(ledger, RoundNumber.None), new UndoneLabels());
        var answer = Assert.IsType<LabelsCount>(Assert.IsType<SendToRollbackCoordinator>(Assert.Single(p.OnAskLife(new AskLife(asked.Life, asked.LastLabelReceived)))).Message);
        agent.OnSuspectsCleared(new SuspectsCleared([answer]));
        agent.ForgetOlder(hasOrphans: false);
        agent.ForgetOlder(hasOrphans: false);
        Assert.Empty(agent.StoppedLives());
    }

    private static RollbackCoordinator NewCoordinator()
    {
        var coordinator = new RollbackCoordinator(default, epoch: 1, patience: 60);
        coordinator.OnSilos([First]);
        coordinator.OnMessage(new EndsInstalled(First, default, 1, 0, [], false, []));
        return coordinator;
    }

    private static IEnumerable<Life> Asked(IEnumerable<RollbackEffect> effects) =>
        effects.OfType<TellParticipant>().Select(tell => tell.Message).OfType<AskLife>().Select(ask => ask.Life);

    private static IEnumerable<LifeEnd> Told(IEnumerable<RollbackEffect> effects) => effects.OfType<TellAgent>().SelectMany(tell => tell.Message.Ends);
}
