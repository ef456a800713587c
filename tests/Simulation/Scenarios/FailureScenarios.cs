using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>The failure rows of docs/scenarios.md, as far as checkpoint rounds are concerned.</summary>
public class FailureScenarios
{
    /// <summary>CP-11. Afterwards the receipts are the larger of those before the tentative checkpoint and those after it, for each peer.</summary>
    [Fact]
    public void S39_a_coordinator_that_dies_before_its_decision_has_aborted_the_round()
    {
        var script = new Script("p", "q", "r");
        script.Client(Call("p", Awaits("q")));
        script.Client(Call("p", Awaits("r")));
        script.Settle();
        script.Hold(static (_, message) => message is Voted);
        script.Checkpoint("p", "q");
        script.Run(80);
        script.Client(Call("p", Awaits("q")));
        script.Run(40);
        Assert.Equal(StepOfRound.InDoubt, script["p"].Host.Step);
        Assert.Equal(StepOfRound.InDoubt, script["q"].Host.Step);
        script.Cluster.Coordinators.Crash(script.Cluster.Coordinator, becomesZombie: false);
        script.Release();
        script.Settle();

        Assert.Equal(2, script.Record.Epoch);
        Assert.Equal([Decision.Aborted], script.Control<DecisionAnswered>().Select(answer => answer.Decision).Where(decision => decision != Decision.Undecided).Distinct());
        Assert.All(["p", "q", "r"], name =>
        {
            Assert.False(script[name].Host.IsGateClosed);
            Assert.Equal(CheckpointMark.Initial, script[name].Host.Ledger.PermanentMark);
        });
        Assert.Equal([("q", 2), ("r", 1)], script["p"].Host.Ledger.AllReceipts().Select(receipt => (receipt.Sender.Participant.ToString(), receipt.Sequence)).Order());
        Assert.Empty(script.Record.CommittedRuns);
    }

    [Fact]
    public void S40_a_coordinator_that_dies_after_its_decision_has_committed_the_round()
    {
        var script = Dirty_pair();
        script.Hold(static (_, message) => message is MakePermanent);
        script.Checkpoint("p", "q");
        script.Run(80);
        script.Cluster.Coordinators.Crash(script.Cluster.Coordinator, becomesZombie: false);
        script.Cluster.Network.Held.Clear();
        script.Release();
        script.Settle();

        Assert.Equal(2, script.Control<DecisionAnswered>().Count(answer => answer.Decision == Decision.Committed));
        Assert.All(["p", "q"], name => Assert.True(script.Permanent(name).SameAs(script[name].State)));
        Assert.All(["p", "q"], name => Assert.Equal(1, script[name].Host.Ledger.PermanentMark.Label.Sequence));
    }

    [Fact]
    public void S41_a_coordinator_that_was_cut_off_cannot_decide_any_more()
    {
        var script = Dirty_pair();
        script.Hold(static (_, message) => message is Voted or EndsInstalled);
        var requested = script.Checkpoint("p", "q");
        script.Run(80);
        var old = script.Cluster.Coordinator;
        script.Cluster.Coordinators.Crash(old, becomesZombie: true);
        script.Run(100);
        var votes = script.Cluster.Network.Held.Select(held => held.Message).OfType<Voted>().ToList();
        script.Cluster.Network.Held.Clear();
        script.Hold(static (_, _) => false);
        votes.ForEach(old.Receive);
        script.Run(60);

        Assert.Contains($"coordinator {old.Number} wrote its record: Stale", script.Trace, StringComparison.Ordinal);
        Assert.Equal(AbortReason.Superseded, requested.Aborted);
        Assert.False(old.IsAlive);
        script.Settle();
        Assert.Empty(script.Record.CommittedRuns);
        Assert.Equal(2, script.Record.Epoch);
    }

    /// <summary>Everything crashes; what becomes of its peers when only its silo does is the other test of this row.</summary>
    [Fact]
    public void S42_a_participant_that_dies_in_doubt_of_a_committed_round_loads_its_tentative_slot()
    {
        var script = Dirty_pair();
        script.Hold(static (_, message) => message is MakePermanent);
        script.Checkpoint("p", "q");
        script.Run(80);
        var mark = script["p"].Host.Ledger.Tentative!.Mark;
        script.Cluster.CrashEverything();
        script.Cluster.Network.Held.Clear();
        script.Release();
        script.Settle();

        Assert.Equal(mark, script["p"].Host.Ledger.PermanentMark);
        Assert.True(script["p"].Host.Ledger.IsClean);
    }

    [Fact]
    public void S43_a_participant_that_lost_its_snapshot_is_not_in_the_round_and_nobody_commits()
    {
        var script = Dirty_pair();
        script.Hold(static (_, message) => message is StoreSnapshot);
        var requested = script.Checkpoint("p", "q");
        script.Run(40);
        Assert.Equal(StepOfRound.Snapped, script["p"].Host.Step);
        script.Cluster.Replace(script["p"], keepQueue: true);
        script.Run(30);
        script.Release();
        script.Settle();

        Assert.Equal("p", Assert.Single(script.Control<NotInRound>().Select(lost => lost.From.ToString()).Distinct()));
        Assert.Equal(AbortReason.NotStored, requested.Aborted);
        Assert.True(script.Permanent("p").SameAs(new ActorState()));
        Assert.True(script.Permanent("q").SameAs(new ActorState()));
    }

    [Fact]
    public void S44_a_slot_that_landed_without_its_writer_knowing_is_ignored_and_overwritten()
    {
        var script = Dirty_pair();
        script.Cluster.Faults.ScriptedWrites.Enqueue(WriteFate.UnknownLanded);
        var requested = script.Checkpoint("p", "q");
        script.Settle();
        Assert.Equal(AbortReason.NotStored, requested.Aborted);
        var voter = Assert.Single(script.Control<Voted>(), vote => !vote.Yes).From.ToString();
        Assert.NotNull(script.Cluster.Slots.Peek($"{voter}/A"));

        script.Cluster.CrashEverything();
        script.Settle();
        Assert.True(script[voter].State.SameAs(new ActorState()));

        script.Client(Call("p", Awaits("q")));
        script.Settle();
        var again = script.Checkpoint("p", "q");
        script.Settle();
        Assert.Equal(["p", "q"], again.Cohort);
        Assert.False(script.Cluster.Slots.Peek($"{voter}/B") is { Head.IsFence: false }, "the other slot holds a checkpoint");
    }

    /// <summary>CP-12.</summary>
    [Theory]
    [InlineData(nameof(WriteFate.UnknownLanded), true)]
    [InlineData(nameof(WriteFate.UnknownNotLanded), false)]
    public void S45_nobody_is_answered_before_the_outcome_of_the_decision_is_known(string fate, bool isCommitted)
    {
        var script = Dirty_pair();
        script.Hold(static (participant, message) => participant == "q" && message is Voted);
        var requested = script.Checkpoint("p", "q");
        script.Run(60);
        script.Cluster.Faults.ScriptedWrites.Enqueue(Enum.Parse<WriteFate>(fate));
        var writes = script.RecordWrites;
        script.Release();
        while (script.Cluster.Coordinator.BeingWritten is not null || script.Cluster.Coordinator.Coordinator!.Round is not null)
        {
            Assert.Null(requested.Outcome);
            Assert.Empty(script.Control<MakePermanent>());
            Assert.Empty(script.Control<UndoTentative>());
            Assert.All(script.Control<DecisionAnswered>(), answer => Assert.Equal(Decision.Undecided, answer.Decision));
            script.Run(1);
        }

        script.Settle();
        Assert.Equal(1, script.RecordWrites - writes);
        if (isCommitted)
        {
            Assert.Equal(["p", "q"], requested.Cohort);
        }
        else
        {
            // The one write that landed is the fencing write.
            Assert.Equal(AbortReason.DecisionNotStored, requested.Aborted);
            Assert.Empty(script.Record.CommittedRuns);
        }
    }

    [Fact]
    public void S46_late_control_messages_change_nothing()
    {
        var ledger = new Ledger(new Life(ParticipantId.Named("p"), new Incarnation(1, Guid.Empty)), CheckpointMark.Initial);
        var p = new CheckpointParticipant(ledger, RoundNumber.None);
        var (first, second) = (new RoundNumber(1, 1), new RoundNumber(1, 2));

        p.OnUndoTentative(first);
        Assert.Empty(p.OnJoin(new JoinRound(first, IsInitiator: true, []), willing: true, quiescent: true));
        Assert.Equal(ParticipantPhase.Idle, p.Phase);

        p.OnJoin(new JoinRound(second, IsInitiator: true, []), willing: true, quiescent: true);
        p.OnTakeSnapshot(new TakeSnapshot(second, Attempt: 1), quiescent: true);
        p.OnTakeSnapshot(new TakeSnapshot(second, Attempt: 2), quiescent: true);
        var snapshot = ledger.Tentative;
        Assert.Empty(p.OnTakeSnapshot(new TakeSnapshot(second, Attempt: 1), quiescent: true));
        Assert.Same(snapshot, ledger.Tentative);

        p.OnCaptured(stateIsUnchanged: false);
        p.OnStoreSnapshot(new StoreSnapshot(second, Attempt: 2, ledger.Life.Incarnation, second));
        p.OnSnapshotStored(second, durable: true, "");
        p.OnMakePermanent(second);
        var mark = ledger.PermanentMark;
        var acknowledged = Assert.IsType<SendToCoordinator>(Assert.Single(p.OnMakePermanent(second)));
        Assert.IsType<DecisionLearned>(acknowledged.Message);
        Assert.Same(mark, ledger.PermanentMark);
    }

    /// <summary>CP-3: "not needed" would make the orphan permanent, and to join would make it look covered (T12).</summary>
    [Theory]
    [InlineData("a life without any checkpoint", typeof(OrphanFound))]
    [InlineData("an earlier life, after its last checkpoint", typeof(OrphanFound))]
    [InlineData("an earlier life, before its last checkpoint", typeof(NotNeeded))]
    [InlineData("the present life", typeof(Joined))]
    public void A_claimed_label_of_undone_work_makes_the_claiming_member_an_orphan(string of, Type expected)
    {
        var (earlier, present, other) = (new Incarnation(1, new Guid(1, 0, 0, new byte[8])), new Incarnation(2, new Guid(2, 0, 0, new byte[8])), new Incarnation(1, new Guid(3, 0, 0, new byte[8])));
        var ledger = new Ledger(new Life(ParticipantId.Named("p"), present), new CheckpointMark(new MessageLabel(earlier, 5), IncarnationTable.Empty));
        ledger.Send(ParticipantId.Named("r"));
        var claim = new LabelClaim(ParticipantId.Named("r"), of switch
        {
            "a life without any checkpoint" => new MessageLabel(other, 1),
            "an earlier life, after its last checkpoint" => new MessageLabel(earlier, 6),
            "an earlier life, before its last checkpoint" => new MessageLabel(earlier, 4),
            _ => new MessageLabel(present, 1),
        });
        var harmless = new LabelClaim(ParticipantId.Named("q"), new MessageLabel(earlier, 5));
        var p = new CheckpointParticipant(ledger, RoundNumber.None);

        var effects = p.OnJoin(new JoinRound(new RoundNumber(1, 1), IsInitiator: false, [harmless, claim]), willing: true, quiescent: true);

        var answer = Assert.Single(effects.OfType<SendToCoordinator>()).Message;
        Assert.IsType(expected, answer);
        if (answer is OrphanFound found)
        {
            Assert.Equal([claim], found.Orphans);
            Assert.False(p.IsGateClosed);
        }
    }

    /// <summary>S43 for a participant whose next life is drawn into the same round by copies of old messages.</summary>
    [Fact]
    public void S43_a_later_life_does_not_store_its_own_snapshot_in_the_place_of_the_verified_one()
    {
        var round = new RoundNumber(1, 1);
        var (first, second) = (new Incarnation(1, new Guid(1, 0, 0, new byte[8])), new Incarnation(2, new Guid(2, 0, 0, new byte[8])));
        var p = new CheckpointParticipant(new Ledger(new Life(ParticipantId.Named("p"), second), CheckpointMark.Initial), RoundNumber.None);
        p.OnJoin(new JoinRound(round, IsInitiator: true, []), willing: true, quiescent: true);
        p.OnTakeSnapshot(new TakeSnapshot(round, Attempt: 1), quiescent: true);
        p.OnCaptured(stateIsUnchanged: false);

        var answer = Assert.IsType<SendToCoordinator>(Assert.Single(p.OnStoreSnapshot(new StoreSnapshot(round, Attempt: 1, first, round))));
        Assert.IsType<NotInRound>(answer.Message);
        Assert.Equal(ParticipantPhase.Snapped, p.Phase);
    }

    /// <summary>What q has sent to it is needed, but p has not heard the decision of the round before: it is not too busy, it is in doubt.</summary>
    [Fact]
    public void A_participant_that_never_hears_an_earlier_decision_is_left_out_as_still_in_doubt()
    {
        var script = Dirty_pair();
        script.Hold(static (participant, message) => participant == "p" && message is MakePermanent or DecisionAnswered);
        var first = script.Checkpoint("p", "q");
        script.Run(80);
        Assert.Equal(["p", "q"], first.Cohort);
        Assert.Equal(StepOfRound.InDoubt, script["p"].Host.Step);
        script.Client(Call("p", Awaits("q")));
        script.Run(30);
        var inDoubt = script.Checkpoint("q");
        script.Run(2000);

        var aborted = (CheckpointAborted)inDoubt.Outcome!;
        Assert.Equal((AbortReason.StillInDoubt, "q"), (aborted.First.Reason, aborted.First.Culprit.ToString()));
        Assert.Equal([AbortReason.StillInDoubt, AbortReason.StillInDoubt], aborted.Report.LeftOut.Select(entry => entry.Reason));
        Assert.Contains("round 1.1", Assert.Single(aborted.Report.LeftOut, entry => entry.Participant.ToString() == "p").Detail, StringComparison.Ordinal);
        Assert.Equal(3, script.Control<StillInDoubt>().Select(doubt => doubt.Round).Distinct().Count());

        script.Release();
        script.Settle();
        var again = script.Checkpoint("q");
        script.Settle();
        Assert.Equal(["p", "q"], again.Cohort);
        Assert.True(script.Permanent("p").SameAs(script["p"].State));
    }

    private static Script Dirty_pair()
    {
        var script = new Script("p", "q");
        script.Client(Call("p", Awaits("q")));
        script.Settle();
        return script;
    }
}
