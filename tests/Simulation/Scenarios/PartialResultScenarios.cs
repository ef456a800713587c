using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>SPEC K8, K9: many are asked for, and not all can be committed at once.</summary>
public class PartialResultScenarios
{
    [Fact]
    public void Who_was_too_busy_is_tried_again_alone_and_the_result_tells_of_both_rounds()
    {
        var script = new Script("p", "q", "/s");
        script.Client(Call("q", Awaits("s")));
        script.Settle();
        script.Client(Call("p", Awaits("s"), new Work(250)));
        script.Run(30);
        var writes = script.SlotWrites + script.RecordWrites;
        var requested = script.Checkpoint("p", "q");
        script.Settle();

        Assert.Equal(["p", "q"], requested.Cohort);
        var report = ((CheckpointCommitted)requested.Outcome!).Report;
        Assert.Equal((new RoundNumber(1, 2), 4), (report.Round, report.StableWrites));
        Assert.Equal(report.StableWrites, script.SlotWrites + script.RecordWrites - writes);
        Assert.Empty(report.LeftOut);
        Assert.Equal(2, script.Control<StoreSnapshot>().Distinct().Count());
        Assert.Single(script.Control<JoinRound>(), join => join.Round == new RoundNumber(1, 2));
    }

    [Fact]
    public void Who_stays_too_busy_is_named_and_the_others_are_committed()
    {
        var script = new Script("p", "q", "r", "/s");
        script.Client(Call("q", Awaits("r", Awaits("s"))));
        script.Client(Call("p", Awaits("s"), new Work(2000)));
        script.Run(30);
        var requested = script.Checkpoint("p", "q");
        script.Settle();

        var partly = Assert.IsType<CheckpointPartlyCommitted>(requested.Outcome);
        Assert.Equal(("p", AbortReason.TooBusy), (partly.First.Participant.ToString(), partly.First.Reason));
        Assert.Equal(["q", "r"], partly.Report.Committed.Select(member => member.Participant.ToString()));
        Assert.Equal(partly.First, Assert.Single(partly.Report.LeftOut));
        Assert.Equal(new RoundNumber(1, 3), partly.Report.Round);
    }

    /// <summary>Asking again is of no use to who was not stored, but it is to who was too busy: both are named in the end.</summary>
    [Fact]
    public void Who_failed_for_good_in_the_first_round_is_still_named_after_the_last()
    {
        var script = new Script("p", "q", "r", "/s");
        script.Client(Call("q", Awaits("s")));
        script.Client(Call("r", Awaits("s")));
        script.Settle();
        script.Client(Call("p", Awaits("s"), new Work(250)));
        script.Run(30);
        script.Cluster.Faults.ScriptedWrites.Enqueue(WriteFate.Fails);
        var requested = script.Checkpoint("p", "q", "r");
        script.Settle();

        var partly = Assert.IsType<CheckpointPartlyCommitted>(requested.Outcome);
        Assert.Equal(AbortReason.NotStored, partly.First.Reason);
        Assert.Contains(partly.First.Participant.ToString(), (string[])["q", "r"]);
        Assert.Equal(partly.First, Assert.Single(partly.Report.LeftOut));
        Assert.Equal(2, partly.Report.Committed.Length);
        Assert.Contains("p", partly.Report.Committed.Select(member => member.Participant.ToString()));
    }

    [Fact]
    public void Who_asked_for_one_alone_is_not_told_of_the_failure_of_another()
    {
        var script = new Script("p", "q", "/s");
        script.Client(Call("q", Awaits("s")));
        script.Settle();
        script.Client(Call("p", Awaits("s"), new Work(2000)));
        script.Run(30);
        var (ofP, ofQ) = (script.Checkpoint("p"), script.Checkpoint("q"));
        script.Settle();

        Assert.Equal(AbortReason.TooBusy, ofP.Aborted);
        Assert.Contains("q", ofQ.Cohort);
    }
}
