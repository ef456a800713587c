using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>The recovery rows of docs/scenarios.md: one silo is lost, and exactly those roll back who depend on what it has forgotten.</summary>
public class RollbackScenarios
{
    /// <summary>The decision has been made, and nobody has heard of it. x has sent label 1 before its tentative checkpoint and label 2 after it.</summary>
    [Fact]
    public void S42_when_the_silo_of_a_participant_in_doubt_is_lost_only_those_above_the_mark_of_its_tentative_checkpoint_roll_back()
    {
        var script = new Script("x@2", "p@3", "q@4");
        script.Sends("x", "p");
        script.Hold(static (_, message) => message is MakePermanent or DecisionAnswered);
        script.Checkpoint("p");
        script.RunUntil(() => script.Control<MakePermanent>().Any());
        var mark = script["x"].Host.Ledger.Tentative!.Mark;
        script.Sends("x", "q");
        script.Lose(2);
        script.Run(100);
        script.Release();
        script.Settle();

        Assert.Equal(["q"], script.RolledBack);
        Assert.Equal(1, mark.Label.Sequence);
        Assert.Equal(mark, script["x"].Host.Ledger.PermanentMark);
        Assert.All(["x", "p"], name => Assert.False(script[name].State.SameAs(new ActorState())));
        Assert.All(["x", "p", "q"], name => Assert.True(script.Permanent(name).SameAs(script[name].State)));
    }

    /// <summary>RB-6, RB-7: everybody drops what is undone before anybody goes on.</summary>
    [Fact]
    public void S47_who_depends_on_a_lost_silo_rolls_back_and_undone_labels_are_dropped_everywhere_first()
    {
        var script = X_p_r();
        var (x, p) = (Life(script, "x"), Life(script, "p"));
        script.Lose(2);
        script.RunUntil(() => script.RolledBack.Any());
        Assert.All(script.Cluster.Silos.All.Where(silo => silo.IsRunning), silo => Assert.True(
            silo.Agent.Undone.Contains(x, 6) && !silo.Agent.Undone.Contains(x, 5) && silo.Agent.Undone.Contains(p, 9) && !silo.Agent.Undone.Contains(p, 8)));
        script.Settle();

        Assert.Equal(["p", "r"], script.RolledBack);
        Assert.Equal(x.Incarnation.Generation + 1, Life(script, "x").Incarnation.Generation);
        Assert.True(script["x"].Host.Ledger.PermanentMark.Table().Covers(new MessageLabel(x.Incarnation, 5)));
        Assert.True(script["p"].Host.Ledger.PermanentMark.Table().Covers(new MessageLabel(p.Incarnation, 8)));
        Assert.All(["x", "p", "r"], name => Assert.True(script.Permanent(name).SameAs(script[name].State)));
    }

    [Fact]
    public void S48_who_has_received_only_what_a_permanent_checkpoint_remembers_does_not_roll_back()
    {
        var script = new Script("x@2", "p@3");
        script.Sends("x", "p", 5);
        script.Checkpoint("x");
        script.Settle();
        var x = Life(script, "x");
        script.Lose(2);
        script.Settle();

        Assert.Contains(script.Control<LabelsCount>(), counts => counts.Life.Equals(x) && counts.LastLabel == 5);
        Assert.Empty(script.Silo(3).Agent.Undone.Ends);
        Assert.Empty(script.RolledBack);
        Assert.Empty(script.Control<PrepareToRollBack>());
        Assert.NotEmpty(script["p"].Host.Ledger.AllReceipts());
    }

    /// <summary>CP-3, RB-1: only the silo of the coordinator has heard of the loss; the round finds the orphan.</summary>
    [Fact]
    public void S49_an_orphan_that_nobody_has_noticed_is_found_by_the_next_round_and_never_committed()
    {
        var script = X_p_r();
        script.Lose(2, heardBy: 1);
        var committed = script.Record.CommittedRuns;
        var requested = script.Checkpoint("p");
        script.RunUntil(() => script.RolledBack.Count() == 2);

        Assert.Equal(AbortReason.OrphanFound, requested.Aborted);
        Assert.Equal(committed, script.Record.CommittedRuns);
        script.Tell(2);
        script.Settle();
        Assert.Equal(["p", "r"], script.RolledBack);
    }

    /// <summary>T11. Nothing is parked on contact: the next round, or the notice, finds the old receipt.</summary>
    [Fact]
    public void S50_a_label_of_a_younger_life_does_not_hide_the_dependency_on_an_older_one()
    {
        var script = Play(Mutation.None);
        Assert.Equal(["p", "r"], script.RolledBack);
        Assert.Equal("orphan message", Assert.Throws<SimulationViolationException>(() => Play(Mutation.ReceiptsNotPerLife)).Checker);

        static Script Play(Mutation mutation)
        {
            var script = X_p_r(mutation);
            var x = Life(script, "x");
            script.Cluster.Silos.Lose(script.Silo(2), isFalseSuspicion: false);
            script.Cluster.Silos.Tell(script.Silo(1), script.Silo(2));
            script.Cluster.Silos.Tell(script.Cluster.Silos.Clients, script.Silo(2));
            script.Sends("x", "p", 6);
            Assert.Contains(script["p"].Host.Ledger.AllReceipts(), receipt => receipt.Sender.Equals(Life(script, "x")));
            Assert.NotEqual(x, Life(script, "x"));
            var requested = script.Checkpoint("p");
            script.RunUntil(() => requested.Outcome is not null);
            script.Tell(2);
            script.Settle();
            return script;
        }
    }

    /// <summary>RB-8: also if it was parked meanwhile.</summary>
    [Fact]
    public void S51_a_ghost_is_dropped_when_it_would_be_recorded()
    {
        var script = new Script("x@2", "p@3", "q@4");
        script.Client(Call("p", new Work(500)));
        script.Sends("x", "q");
        script.Sends("x", "p");
        var x = Life(script, "x");
        Assert.Equal(1, script["p"].QueueLength);
        script.Lose(2);
        script.RunUntil(() => script.Silo(3).Agent.Undone.Contains(x, 2));
        Assert.Equal(1, script["p"].QueueLength);
        script.Settle();

        Assert.Equal(1, script.Cluster.Judges.Rollbacks.Dropped);
        Assert.Empty(script["p"].Host.Ledger.AllReceipts());
        Assert.Equal(["q"], script.RolledBack);
    }

    /// <summary>A7: p is stopped while a message of q, which will be undone, waits at p. The next life of p must not receive it.</summary>
    [Fact]
    public void S52_the_livelock_of_a_naive_rollback_ends_with_one_rollback_each()
    {
        var script = Play(Mutation.None);
        Assert.Equal(["p", "q"], script.RolledBack);
        Assert.Equal(1, script.Cluster.Judges.Rollbacks.Dropped);
        Assert.Throws<SimulationViolationException>(() => Play(Mutation.GhostFilterOff));

        static Script Play(Mutation mutation)
        {
            var script = new Script(mutation, "x@2", "p@3", "q@4");
            script.Sends("x", "p");
            script.Sends("p", "q");
            script.Client(Call("p", new Work(400)));
            script.Sends("q", "p");
            Assert.Equal(1, script["p"].QueueLength);
            script.Lose(2);
            script.Settle();
            return script;
        }
    }

    [Fact]
    public void S53_when_all_silos_die_with_a_round_in_doubt_nobody_rolls_back()
    {
        var script = X_p_r();
        script.Hold(static (_, message) => message is MakePermanent or DecisionAnswered);
        script.Checkpoint("r");
        script.RunUntil(() => script.Control<MakePermanent>().Any());
        script.Cluster.CrashEverything();
        script.Cluster.Network.Held.Clear();
        script.Release();
        script.Settle();

        Assert.Empty(script.RolledBack);
        Assert.All(["x", "p", "r"], name => Assert.False(script[name].State.SameAs(new ActorState())));
        Assert.All(["x", "p", "r"], name => Assert.True(script.Permanent(name).SameAs(script[name].State)));
    }

    /// <summary>RB-2: what p has checkpointed is not undone, so q, which has received it, stays.</summary>
    [Fact]
    public void S58_who_is_in_doubt_learns_the_decision_before_it_says_where_it_ends()
    {
        var script = Play(Mutation.None);
        var ready = Assert.Single(script.Control<ReadyToRollBack>().Select(ready => ready.End).Distinct());
        Assert.Equal(1, ready.LastSequence);
        Assert.Equal(["p"], script.RolledBack);
        Assert.Equal("facts", Assert.Throws<SimulationViolationException>(() => Play(Mutation.DecisionNotAwaited)).Checker);

        static Script Play(Mutation mutation)
        {
            var script = new Script(mutation, "x@2", "p@3", "q@4");
            script.Sends("p", "q");
            script.Hold(static (_, message) => message is MakePermanent or DecisionAnswered);
            script.Checkpoint("p");
            script.RunUntil(() => script.Control<MakePermanent>().Any());
            script.Sends("x", "p");
            script.Lose(2);
            script.Run(200);
            Assert.Equal(RollbackPhase.AwaitingDecision, script["p"].Host.Rollback.Algorithm.Phase);
            Assert.False(script["p"].IsStopped);
            script.Release();
            script.Settle();
            return script;
        }
    }

    /// <summary>RB-10: nobody asks for it again.</summary>
    [Fact]
    public void A_fence_that_is_written_unasked_is_tried_until_it_is_there()
    {
        var ledger = new Ledger(NewLife(1), CheckpointMark.Initial);
        var checkpoint = new CheckpointParticipant(ledger, RoundNumber.None);
        var participant = new RollbackParticipant(ledger, checkpoint, new UndoneLabels());
        Assert.Empty(participant.OnFenceDue());
        Assert.Equal([new WriteFence()], participant.OnSiloGone());
        Assert.Empty(participant.OnFenceDue());
        participant.OnFenced(FenceOutcome.Failed);
        Assert.Equal([new WriteFence()], participant.OnFenceDue());
        participant.OnFenced(FenceOutcome.Stored);
        Assert.Empty(participant.OnFenceDue());
        Assert.False(participant.MustFence);

        // A snapshot that is on its way to the slot may be as good as a fence, or never land.
        ledger = new Ledger(NewLife(2), CheckpointMark.Initial);
        checkpoint = new CheckpointParticipant(ledger, RoundNumber.None);
        participant = new RollbackParticipant(ledger, checkpoint, new UndoneLabels());
        var round = new RoundNumber(1, 1);
        checkpoint.OnJoin(new JoinRound(round, IsInitiator: true, []), willing: true, quiescent: true);
        checkpoint.OnTakeSnapshot(new TakeSnapshot(round, 1), quiescent: true);
        checkpoint.OnCaptured(false);
        checkpoint.OnStoreSnapshot(new StoreSnapshot(round, 1, ledger.Life.Incarnation, round));
        Assert.Equal(ParticipantPhase.Storing, checkpoint.Phase);
        Assert.Empty(participant.OnSiloGone());
        Assert.True(participant.MustFence);
        checkpoint.OnUndoTentative(round);
        Assert.Equal([new WriteFence()], participant.OnFenceDue());
    }

    /// <summary>RB-12: a life that gets ready as it arrives takes part in nothing more: a marker that it wrote might land after its next life has read the slots.</summary>
    [Fact]
    public void Who_gets_ready_where_it_arrives_joins_no_round_and_proves_none()
    {
        var (ledger, undone) = (new Ledger(NewLife(1), CheckpointMark.Initial), new UndoneLabels());
        var sender = new Life(ParticipantId.Named("y"), new Incarnation(1, Guid.NewGuid()));
        ledger.Receive(new MessageStamp(sender, 3));
        undone.Install(new LifeEnd(sender, 2));
        var checkpoint = new CheckpointParticipant(ledger, RoundNumber.None);
        var participant = new RollbackParticipant(ledger, checkpoint, undone);
        Assert.Equal([new StopHandlers(), new SendToRollbackCoordinator(new ReadyToRollBack(new LifeEnd(ledger.Life, 0)))], participant.OnArrived());
        Assert.Empty(checkpoint.OnProveDecision(new ProveDecision(RoundNumber.None), RoundNumber.None));
        var joined = checkpoint.OnJoin(new JoinRound(new RoundNumber(1, 1), IsInitiator: true, []), willing: true, quiescent: true);
        Assert.IsType<Refused>(Assert.IsType<SendToCoordinator>(Assert.Single(joined)).Message);
    }

    /// <summary>Whoever is replaced awaits its writes: p has begun shortly before the loss, and its fence is slow.</summary>
    [Fact]
    public void A_fence_of_a_life_that_rolled_back_does_not_meet_the_next_one()
    {
        Assert.Equal(["p"], Play(Mutation.None).RolledBack);
        Assert.Contains("another life has taken over", Play(Mutation.ReplacedWhileWriting).Trace, StringComparison.Ordinal);

        static Script Play(Mutation mutation)
        {
            var script = new Script(mutation, "p@2", "x@3");
            script.Cluster.Replace(script["p"], keepQueue: true);
            script.Client(Call("x", OneWay("p")));
            script.RunUntil(() => script["p"].Host is { IsLoaded: true, Ledger.Received.IsEmpty: false });

            // The fences of p, of the next life of x, and of the next one of p, which is tried until p's has landed.
            foreach (var fate in (Faults.WriteFate[])[Faults.WriteFate.Slow, Faults.WriteFate.Lands, .. Enumerable.Repeat(Faults.WriteFate.Fails, 6)])
            {
                script.Cluster.Faults.ScriptedWrites.Enqueue(fate);
            }

            script.Lose(3);
            script.RunUntil(() => script.RolledBack.Any());
            script.Client(Call("p", new Work(1)));
            script.Settle();
            Assert.Equal(mutation == Mutation.None, !script.Trace.Contains("another life has taken over", StringComparison.Ordinal));
            return script;
        }
    }

    /// <summary>x has sent 5 labels before its checkpoint and p 8; since then p has received label 7 of x, and r label 9 of p.</summary>
    internal static Script X_p_r(Mutation mutation = Mutation.None)
    {
        var script = new Script(mutation, "x@2", "p@3", "r@4");
        script.Sends("x", "p", 5);
        script.Sends("p", "r", 8);
        script.Checkpoint("r");
        script.Settle();
        script.Sends("x", "p", 2);
        script.Sends("p", "r");
        Assert.Equal(7, script["x"].Host.Ledger.LastSequence);
        Assert.Equal(9, script["p"].Host.Ledger.LastSequence);
        Assert.Equal(5, script["x"].Host.Ledger.PermanentMark.Label.Sequence);
        Assert.Equal(8, script["p"].Host.Ledger.PermanentMark.Label.Sequence);
        return script;
    }

    internal static Life Life(Script script, string participant) => script[participant].Host.Ledger.Life;
}
