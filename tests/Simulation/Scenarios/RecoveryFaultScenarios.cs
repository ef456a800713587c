using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>Lost calls, and what else may fail while a rollback is under way.</summary>
public class RecoveryFaultScenarios
{
    private static readonly SiloId First = new(1);
    private static readonly Guid Coordinator = new(1, 0, 0, new byte[8]);

    /// <summary>K30: the relay itself answers as if nothing had happened.</summary>
    [Fact]
    public void A_call_that_a_relay_has_lost_makes_the_caller_of_the_relay_an_orphan()
    {
        Assert.Equal(["a", "p"], Play(Mutation.None).RolledBack);
        Assert.Throws<SimulationViolationException>(() => Play(Mutation.RelaysHideLosses));

        static Script Play(Mutation mutation)
        {
            var script = new Script(mutation, "p@2", "/relay@5", "a@3", "b@4");
            script.Client(Call("p", Awaits("relay", Awaits("a"), Awaits("b", new Work(300)))));
            script.Run(100);
            script.Lose(4);
            script.Settle();
            return script;
        }
    }

    /// <summary>RB-5: who is ready says so again, and the next coordinator goes on from there.</summary>
    [Fact]
    public void A_coordinator_that_dies_before_the_word_to_roll_back_leaves_nobody_stopped()
    {
        var script = RollbackScenarios.X_p_r();
        script.Hold(static (_, message) => message is RollBack);
        script.Lose(2);
        script.RunUntil(() => script.Control<RollBack>().Any());
        Assert.All(["p", "r"], name => Assert.True(script[name].IsStopped));
        Assert.Empty(script.RolledBack);
        script.Cluster.Coordinators.Crash(script.Cluster.Coordinator, becomesZombie: false);
        script.Cluster.Network.Held.Clear();
        script.Release();
        script.Settle();

        Assert.Equal(["p", "r"], script.RolledBack);
    }

    /// <summary>RB-3, RB-4: p has got ready and then dies with its silo; its next life is told to roll back the one before, and is that already.</summary>
    [Fact]
    public void A_participant_that_dies_when_it_is_ready_does_not_roll_back_again()
    {
        var script = RollbackScenarios.X_p_r();
        var p = RollbackScenarios.Life(script, "p");
        script.Hold(static (_, message) => message is RollBack);
        script.Lose(2);
        script.RunUntil(() => script.Control<RollBack>().Any());
        script.Lose(3);
        script.Run(100);
        script.Release();
        script.Settle();

        Assert.Equal(["r"], script.RolledBack);
        Assert.Contains(new RolledBack(p), script.Control<RolledBack>());
        Assert.Equal(p.Incarnation.Generation + 1, RollbackScenarios.Life(script, "p").Incarnation.Generation);
    }

    /// <summary>RB-21: x cannot be asked where its life ended. p, which has not heard of it, goes on after a while, and r as soon as x can start.</summary>
    [Fact]
    public void A_participant_that_cannot_start_does_not_keep_all_others_from_going_on()
    {
        var script = new Script("x@2", "y@2", "p@3", "r@4");
        script.Sends("x", "r");
        script.Sends("y", "p");
        script.Hold(static (peer, message) => peer == "x" && message is AskLife);
        script.Lose(2);
        script.RunUntil(() => script.RolledBack.Any());
        Assert.Equal(["p"], script.RolledBack);
        Assert.Equal(1, script.Cluster.Judges.Rollbacks.NotClosed);
        Assert.False(script["p"].IsStopped);
        script.Release();
        script.Settle();
        Assert.Equal(["p", "r"], script.RolledBack);
    }

    /// <summary>RB-7: the new silo knows what is undone before anybody goes on.</summary>
    [Fact]
    public void A_silo_that_joins_during_a_rollback_gets_all_facts_before_anybody_rolls_back()
    {
        var script = RollbackScenarios.X_p_r();
        script.Hold(static (peer, message) => (peer == "silo4" && message is EndsInstalled) || (peer == "silo5" && message is InstallEnds));
        script.Lose(2);
        script.RunUntil(() => script["p"].IsStopped);
        var silo = script.Cluster.Silos.Add();
        script.Cluster.Coordinator.OnSilos();
        var fourth = script.Cluster.Network.Held.Where(held => held.Message is EndsInstalled).ToList();
        script.Hold(static (peer, message) => peer == "silo5" && message is InstallEnds);
        fourth.ForEach(held => held.Deliver());
        script.Run(300);
        Assert.Equal(new SiloId(5), silo.Id);
        Assert.Empty(silo.Agent.Undone.Ends);
        Assert.Empty(script.RolledBack);
        script.Release();
        script.RunUntil(() => script.RolledBack.Any());
        Assert.Equal(3, silo.Agent.Undone.Ends.Count());
        script.Settle();

        Assert.Equal(["p", "r"], script.RolledBack);
    }

    /// <summary>RB-1, RB-10: x is falsely suspected while its snapshot is on its way to the free slot; its next life says where it ended.</summary>
    [Fact]
    public void A_late_checkpoint_of_a_falsely_suspected_silo_fails_at_the_fence()
    {
        var script = Play(Mutation.None);
        Assert.Equal(["p"], script.RolledBack);
        Assert.Empty(script.Record.CommittedRuns);
        Assert.True(script.Permanent("x").SameAs(new ActorState()));
        Assert.Equal("facts", Assert.Throws<SimulationViolationException>(() => Play(Mutation.FenceNotWritten)).Checker);

        static Script Play(Mutation mutation)
        {
            var script = new Script(mutation, "x@2", "p@3");
            script.Sends("x", "p");
            var x = RollbackScenarios.Life(script, "x");
            script.Cluster.Faults.ScriptedWrites.Enqueue(WriteFate.Slow);
            script.Checkpoint("x");
            script.RunUntil(() => script["x"].Host.Step == StepOfRound.Storing);
            // Else the next life answers that it is not in the round.
            script.Hold(static (_, message) => message is StoreSnapshot);
            script.Suspect(2);
            script.RunUntil(() => script.Silo(3).Agent.Undone.Contains(x, 1));
            script.Settle();
            return script;
        }
    }

    /// <summary>RB-9.</summary>
    [Fact]
    public void A_silo_reports_a_life_that_stopped_there_until_it_knows_where_it_ended()
    {
        var life = NewLife(1);
        var agent = new RollbackAgent(new SiloId(1));
        agent.OnLifeStopped(life);
        Assert.Equal([new Suspect(life, AskLife.AllLabels)], agent.StoppedLives());
        Assert.Equal([new Suspect(life, AskLife.AllLabels)], agent.StoppedLives());
        agent.OnInstallEnds(new InstallEnds(Guid.Empty, 1, 0, [new LifeEnd(life, 3)]));
        Assert.Empty(agent.StoppedLives());
    }

    /// <summary>RB-21: neither who never gets ready nor who never starts again keeps later requests waiting for ever; and who is looked at again is asked again.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_never_answers_does_not_hold_up_what_is_asked_for_later(bool isAnotherReady)
    {
        var coordinator = new RollbackCoordinator(Coordinator, epoch: 1, patience: 3);
        var (silent, ready) = (NewLife(1), NewLife(2));
        coordinator.OnSilos([First]);
        coordinator.OnMessage(new EndsInstalled(First, Coordinator, 1, 0, [silent], false, []));
        if (isAnotherReady)
        {
            coordinator.OnMessage(new ReadyToRollBack(new LifeEnd(ready, 1)));
            coordinator.OnMessage(new EndsInstalled(First, Coordinator, 1, 1, [], false, null));
        }

        Assert.Equal(WhyNotRolledBack.ForcedRollback, Assert.Single(Ask().OfType<RollbackRequestEnded>()).Outcome.WhyNot);
        Assert.Empty(Enumerable.Range(0, 2).SelectMany(_ => coordinator.OnResendDue()).OfType<RollbackDecided>());
        var decided = coordinator.OnResendDue().OfType<RollbackDecided>().ToList();
        Assert.Equal(isAnotherReady ? [(ready, $"the stop of {silent}")] : [], decided.Select(set => (Assert.Single(set.Lives).Life, set.AwaitedInVain)));
        Assert.Equal(isAnotherReady, coordinator.IsBusy);

        Assert.Contains(Ask().OfType<TellParticipant>(), tell => tell.Message is AskToRollBack);
        Assert.Contains(coordinator.OnMessage(new OrphansReported([silent])).OfType<TellParticipant>(), tell => tell.Message is PrepareToRollBack prepare && prepare.Life.Equals(silent));

        List<RollbackEffect> Ask()
        {
            var request = Guid.NewGuid();
            return [.. coordinator.OnRollBackRequested(request, ParticipantId.Named("p"), isDryRun: false), .. coordinator.OnRoundsPaused(request)];
        }
    }

    /// <summary>RB-13, RB-21: an orphan has left the silo, and was found nowhere. It may never start again: others who are ready wait for it for a while only. What the silo had said before does not count.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_orphan_on_its_way_that_is_found_nowhere_holds_up_nobody_for_ever(bool isFoundInTime)
    {
        var coordinator = new RollbackCoordinator(Coordinator, epoch: 1, patience: 3);
        var ready = NewLife(1);
        coordinator.OnSilos([First]);
        coordinator.OnMessage(new EndsInstalled(First, Coordinator, 1, 0, [], false, []));
        coordinator.OnMessage(new ReadyToRollBack(new LifeEnd(ready, 1)));
        Assert.Empty(Answer(position: 1, hasOrphanOnItsWay: true));
        Assert.Empty(Answer(position: 0, hasOrphanOnItsWay: false));
        Assert.Contains(coordinator.OnResendDue(), effect => effect is TellAgent);
        if (isFoundInTime)
        {
            Assert.Equal("", Assert.Single(Answer(position: 1, hasOrphanOnItsWay: false)).AwaitedInVain);
            return;
        }

        Assert.Empty(coordinator.OnResendDue().OfType<RollbackDecided>());
        var decided = Assert.Single(coordinator.OnResendDue().OfType<RollbackDecided>());
        Assert.Equal((ready, false), (Assert.Single(decided.Lives).Life, decided.IsClosed));
        coordinator.OnMessage(new RolledBack(ready));
        Assert.True(coordinator.IsBusy);
        Assert.Empty(Answer(position: 1, hasOrphanOnItsWay: false));
        Assert.False(coordinator.IsBusy);

        List<RollbackDecided> Answer(int position, bool hasOrphanOnItsWay) =>
            [.. coordinator.OnMessage(new EndsInstalled(First, Coordinator, 1, position, [], hasOrphanOnItsWay, null)).OfType<RollbackDecided>()];
    }

    /// <summary>RB-7: that a smaller label counts says nothing of the larger one that was asked about since. But who goes on answers for all its labels.</summary>
    [Fact]
    public void An_answer_about_a_smaller_label_leaves_the_question_about_a_larger_one_open()
    {
        var coordinator = new RollbackCoordinator(Coordinator, epoch: 1, patience: 3);
        var life = NewLife(1);
        foreach (var label in (long[])[5, 9])
        {
            Assert.IsType<AskLife>(Assert.Single(coordinator.OnMessage(new SuspectsReported([new Suspect(life, label)])).OfType<TellParticipant>()).Message);
        }

        coordinator.OnMessage(new LabelsCount(life, 5));
        Assert.Equal(RecoveryStep.AskLives, coordinator.Step);
        coordinator.OnMessage(new LabelsCount(life, 9));
        Assert.Equal(RecoveryStep.Idle, coordinator.Step);

        coordinator.OnMessage(new SuspectsReported([new Suspect(life, AskLife.AllLabels)]));
        coordinator.OnMessage(new LabelsCount(NewLife(1, First), 5));
        Assert.Equal(RecoveryStep.Idle, coordinator.Step);
    }

    /// <summary>RB-24: it may not know of every silo, so those that it knows must not be content with what it says; they go on reporting.</summary>
    [Fact]
    public void An_outdated_coordinator_is_not_obeyed_and_stops()
    {
        var (first, joined) = (new RollbackAgent(new SiloId(1)), new RollbackAgent(new SiloId(2)));
        var (outdated, present) = (new RollbackCoordinator(new Guid(1, 0, 0, new byte[8]), epoch: 1, patience: 60), new RollbackCoordinator(new Guid(2, 0, 0, new byte[8]), epoch: 2, patience: 60));
        Tell(outdated.OnSilos([new SiloId(1)]));
        Assert.Empty(Tell(present.OnSilos([new SiloId(1), new SiloId(2)])));
        var life = NewLife(1);
        first.OnLifeStopped(life);

        Assert.IsType<StopOutdated>(Assert.Single(Tell(outdated.OnMessage(new LifeEnded(new LifeEnd(life, 3))))));
        var suspect = Assert.Single(first.StoppedLives());

        Assert.IsType<AskLife>(Assert.IsType<TellParticipant>(Assert.Single(present.OnMessage(new SuspectsReported([suspect])))).Message);
        Tell(present.OnMessage(new LifeEnded(new LifeEnd(life, 3))));
        Assert.True(joined.Undone.Contains(life, 4));
        Assert.Empty(first.StoppedLives());
        Assert.False(present.IsBusy);

        // What the coordinator says to the answers.
        List<RollbackEffect> Tell(IEnumerable<RollbackEffect> said)
        {
            var effects = new List<RollbackEffect>();
            foreach (var tell in said.OfType<TellAgent>())
            {
                var agent = tell.To == new SiloId(1) ? first : joined;
                var teller = tell.Message.Epoch == 1 ? outdated : present;
                effects.AddRange(agent.OnInstallEnds(tell.Message) is { } position ? teller.OnMessage(agent.OnTested(tell.Message, position, [])) : teller.OnRefused(agent.Obeyed));
            }

            return effects;
        }
    }

    /// <summary>RB-11.</summary>
    [Fact]
    public void A_life_that_hears_that_it_is_over_stops_and_stores_nothing()
    {
        var (life, undone) = (NewLife(1), new UndoneLabels());
        var ledger = new Ledger(life, CheckpointMark.Initial);
        var p = new RollbackParticipant(ledger, new CheckpointParticipant(ledger, RoundNumber.None), undone);
        undone.Install(new LifeEnd(NewLife(2), 0));
        Assert.Empty(p.OnEndsInstalled());
        undone.Install(new LifeEnd(life, 0));
        Assert.IsType<StopSuperseded>(Assert.Single(p.OnEndsInstalled()));
        Assert.Empty(p.OnAskLife(new AskLife(life, 1)));
        Assert.Empty(p.OnSiloGone());
    }
}
