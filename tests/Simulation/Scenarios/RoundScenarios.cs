using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>The rows about rounds of docs/scenarios.md.</summary>
public class RoundScenarios
{
    [Fact]
    public void S29_a_two_way_call_draws_its_caller_in()
    {
        var script = new Script("p", "q");
        script.Client(Call("p", Awaits("q")));
        script.Settle();
        var (slots, records) = (script.SlotWrites, script.RecordWrites);
        var requested = script.Checkpoint("q");
        script.Settle();

        Assert.Equal(["p", "q"], requested.Cohort);
        Assert.Equal(2, script.SlotWrites - slots);
        Assert.Equal(1, script.RecordWrites - records);
        Assert.Equal(0, requested.Retakes);
        Assert.All([script["p"], script["q"]], actor =>
        {
            Assert.True(actor.Host.Ledger.Received.IsEmpty);
            Assert.Equal(1, actor.Host.Ledger.PermanentMark.Label.Sequence);
        });
    }

    [Fact]
    public void S30_a_participant_admits_the_call_of_a_chain_that_has_to_drain()
    {
        var script = new Script("p", "q");
        script.Client(Call("p", Awaits("q")));
        script.Settle();
        script.Client(Call("p", new Work(40), Awaits("q", new Work(5))));
        script.Run(15);
        var requested = script.Checkpoint("q");
        while (script["q"].Host.Ledger.AllReceipts().Single().Sequence == 1)
        {
            Assert.False(HasDrained(script, "p"), "p drains after the reply only");
            script.Run(1);
        }

        Assert.True(script["q"].Host.IsGateClosed);
        Assert.False(HasDrained(script, "p"), "p drains after the reply only");
        script.Settle();

        Assert.Equal(["p", "q"], requested.Cohort);
        // The second call and its answer are in the cut.
        Assert.Equal(2, script["p"].Host.Ledger.PermanentMark.Label.Sequence);
        Assert.Equal(2, script["q"].Host.Ledger.PermanentMark.Label.Sequence);
        Assert.True(script.Cluster.Judges.Gates.LongestPause < script.Cluster.Settings.PauseBound);
    }

    /// <summary>With H = 0 (K20) a foreign call is not held at all: it is admitted at once.</summary>
    [Fact]
    public void S31_a_foreign_chain_in_front_of_a_chain_that_has_to_drain_does_not_block_it()
    {
        var script = new Script("p", "y", "z");
        var foreign = script.Client(Call("z", new Work(30), Awaits("y", new Work(5))));
        script.Run(10);
        var inRound = script.Client(Call("p", Awaits("z", new Work(3))));
        script.Run(10);
        var requested = script.Checkpoint("p", "y");
        script.Settle();

        Assert.Equal(CallEnd.Completed, foreign.End);
        Assert.Equal(CallEnd.Completed, inRound.End);
        Assert.Equal(["p", "y", "z"], requested.Cohort);
        var order = script.Trace;
        var foreignAtY = order.IndexOf("y <- m", StringComparison.Ordinal);
        var inRoundAtZ = order.LastIndexOf("z <- m", StringComparison.Ordinal);
        var drained = order.IndexOf("p has joined 1.1, drained", StringComparison.Ordinal);
        Assert.True(foreignAtY > 0 && foreignAtY < inRoundAtZ && inRoundAtZ < drained, $"K at y ({foreignAtY}), J at z ({inRoundAtZ}), p has drained ({drained})");
    }

    /// <summary>CP-5: who was overtaken takes its snapshot again.</summary>
    [Fact]
    public void S32_a_snapshot_that_was_overtaken_is_taken_again_in_memory()
    {
        var script = new Script("p", "y", "/s");
        script.Client(Call("p", Awaits("y")));
        script.Settle();
        var slots = script.SlotWrites;
        var requested = Snapshot_of_p_waits_for(script, () =>
        {
            script.Client(Call("s", Awaits("y", Awaits("p"))));
            script.Run(60);
        });

        Assert.Equal(1, requested.Retakes);
        Assert.Equal(["p", "y"], requested.Cohort);
        Assert.Equal(2, script.SlotWrites - slots);
        Assert.Equal(["y"], script.Control<SnapshotTaken>().Where(taken => taken.Attempt == 2).Select(taken => taken.From.ToString()).Distinct());
    }

    /// <summary>CP-5: who is missing joins.</summary>
    [Fact]
    public void S33_a_sender_that_comes_in_between_drain_and_snapshot_joins()
    {
        var script = new Script("p", "z");
        script.Client(Call("z", Awaits("p")));
        script.Settle();
        script.Checkpoint("p");
        script.Settle();
        script.Client(Call("p"));
        script.Settle();
        var requested = Snapshot_of_p_waits_for(script, () =>
        {
            script.Client(Call("z", Awaits("p")));
            script.Run(40);
        });

        Assert.Equal(["p", "z"], requested.Cohort);
        var asked = script.Control<JoinRound>().Last(join => !join.IsInitiator);
        Assert.Equal(2, Assert.Single(asked.Claims).LastLabelReceived.Sequence);
        Assert.Equal(0, requested.Retakes);
    }

    /// <summary>CP-2.</summary>
    [Fact]
    public void S34_a_sender_whose_permanent_checkpoint_covers_the_label_is_not_needed_and_not_gated()
    {
        var script = new Script("p", "z");
        script.Client(Call("z", OneWay("p")));
        script.Settle();
        var first = script.Checkpoint("z");
        script.Settle();
        var requested = script.Checkpoint("p");
        script.Settle();

        Assert.Equal(["z"], first.Cohort);
        Assert.Equal(["p"], requested.Cohort);
        Assert.Equal("z", Assert.Single(script.Control<NotNeeded>()).From.ToString());
        Assert.DoesNotContain("z has joined 1.2", script.Trace, StringComparison.Ordinal);
    }

    /// <summary>Everything crashes, instead of the silo of q alone.</summary>
    [Fact]
    public void S35_a_parked_one_way_message_is_in_transit_in_the_cut_and_may_be_lost()
    {
        var script = new Script("p", "q", "/s");
        script.Client(Call("p", Awaits("q")));
        script.Settle();
        var requested = Snapshot_of_p_waits_for(script, () =>
        {
            script.Client(Call("s", Awaits("p", OneWay("q"))));
            script.Run(40);
        });
        var message = script["q"].State.Received;
        var sent = Last_message_sent_by(script, "p");
        script.Cluster.CrashEverything();
        script.Settle();

        Assert.Equal(["p", "q"], requested.Cohort);
        Assert.True(message.Contains(sent), "q has processed m after the gate opened");
        Assert.True(script.Permanent("p").Happened.Contains(sent));
        Assert.False(script.Permanent("q").Received.Contains(sent));
        Assert.False(script["q"].State.Received.Contains(sent), "m is lost with the crash");
    }

    [Fact]
    public void S36_a_checkpoint_awaited_inside_its_own_chain_is_refused()
    {
        var script = new Script("p");
        var call = script.Client(Call("p", new AwaitCheckpoint()));
        script.Settle();

        Assert.Equal(CallEnd.Completed, call.End);
        Assert.Equal(1, script.Cluster.Judges.Requests.Aborted[AbortReason.AwaitedInsideRound]);
        Assert.True(script.Cluster.Time.Now < 1000, "nobody waits for a drain that cannot end");
    }

    /// <summary>K14, for a request that could only be served by the next round.</summary>
    [Fact]
    public void S36_a_checkpoint_awaited_inside_a_chain_that_the_running_round_has_to_drain_is_refused_too()
    {
        var script = new Script("p");
        var call = script.Client(Call("p", new Work(40), new AwaitCheckpoint()));
        script.Run(15);
        var requested = script.Checkpoint("p");
        script.Settle();

        Assert.Equal(CallEnd.Completed, call.End);
        Assert.Equal(1, script.Cluster.Judges.Requests.Aborted[AbortReason.AwaitedInsideRound]);
        Assert.Equal(["p"], requested.Cohort);
        Assert.Equal(new RoundNumber(1, 1), ((CheckpointCommitted)requested.Outcome!).Report.Round);
        Assert.True(script.Cluster.Judges.Gates.LongestPause < script.Cluster.Settings.DrainBudget);
        Assert.Contains("another one begins for this request", script.Trace, StringComparison.Ordinal);
    }

    /// <summary>K14: nobody knows whether the handler awaits the answer. If it does not, it has done more since, which is checkpointed when it has ended.</summary>
    [Fact]
    public void S36_a_request_that_the_running_round_refuses_is_served_by_the_next()
    {
        var script = new Script("p", "q");
        script.Client(Call("q", Awaits("p")));
        script.Settle();
        script.Hold(static (participant, message) => participant == "p" && message is TakeSnapshot);
        var requested = script.Checkpoint("p", "q");
        script.Run(30);
        script.Cluster.RequestCheckpoint(["p"], ["p"], static _ => { });
        script.Run(20);
        Assert.Equal(1, script.Cluster.Judges.Requests.Aborted[AbortReason.AwaitedInsideRound]);
        script.Client(Call("p", OneWay("q")));
        script.Run(10);
        script.Release();
        script.Settle();

        Assert.Equal(["p", "q"], requested.Cohort);
        Assert.Equal([new RoundNumber(1, 1), new RoundNumber(1, 2)], script.Control<MakePermanent>().Select(decided => decided.Round).Distinct());
        Assert.True(script.Permanent("p").SameAs(script["p"].State));
    }

    /// <summary>Instead of a rollback everything crashes before the round commits.</summary>
    [Fact]
    public void S37_a_participant_that_is_first_called_during_a_round_joins_it()
    {
        var script = new Script("p", "n");
        script.Client(Call("p", new Work(30), Awaits("n")));
        script.Run(10);
        var requested = script.Checkpoint("p");
        script.Settle();
        Assert.Equal(["n", "p"], requested.Cohort);

        var crashed = new Script("p", "n");
        crashed.Hold(static (_, message) => message is StoreSnapshot);
        crashed.Client(Call("p", new Work(30), Awaits("n")));
        crashed.Run(10);
        crashed.Checkpoint("p");
        crashed.Run(100);
        crashed.Cluster.CrashEverything();
        crashed.Settle();
        Assert.True(crashed["n"].State.SameAs(new ActorState()));
    }

    /// <summary>Wait-die is for several coordinators (K13). One merges: what is asked for during a round is served by the next.</summary>
    [Fact]
    public void S38_overlapping_requests_are_served_one_round_after_the_other()
    {
        var script = new Script("p", "q", "s");
        script.Client(Call("p", Awaits("q")));
        script.Client(Call("q", OneWay("s")));
        script.Settle();
        script.Hold(static (_, message) => message is TakeSnapshot);
        var first = script.Checkpoint("p");
        script.Run(30);
        script.Client(Call("q", OneWay("s")));
        var second = script.Checkpoint("q", "s");
        var third = script.Checkpoint("p");
        script.Run(20);
        Assert.Null(second.Outcome);
        script.Release();
        script.Settle();

        // The call that was parked at q ran in between.
        Assert.Equal(["p", "q"], first.Cohort);
        Assert.Equal(["q", "s"], second.Cohort);
        Assert.IsType<NothingToCheckpoint>(third.Outcome);
        Assert.Equal([new RoundNumber(1, 1), new RoundNumber(1, 2)], script.Control<JoinRound>().Select(join => join.Round).Distinct());
    }

    /// <summary>Runs the deed after everybody else has taken its snapshot and before p has.</summary>
    private static Script.Requested Snapshot_of_p_waits_for(Script script, Action deed)
    {
        script.Hold(static (participant, message) => participant == "p" && message is TakeSnapshot);
        var requested = script.Checkpoint("p");
        script.Run(30);
        deed();
        script.Release();
        script.Settle();
        return requested;
    }

    private static bool HasDrained(Script script, string participant) =>
        script.Control<Joined>().Any(joined => joined.Drained && joined.From.ToString() == participant);

    private static int Last_message_sent_by(Script script, string participant)
    {
        var line = script.Trace.Split('\n').Last(line => line.Contains($" {participant} -> ", StringComparison.Ordinal) && line.Contains("one-way", StringComparison.Ordinal));
        return int.Parse(line.Split(": m")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
    }
}
