using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>The rows about calls of docs/scenarios.md.</summary>
public class CallScenarios
{
    [Theory]
    [InlineData(5)]
    [InlineData(20)]
    [InlineData(60)]
    public void S55_the_late_answer_to_a_call_that_timed_out_is_no_receipt(int roundAfter)
    {
        var script = new Script("p", "q");
        script.Client(Call("p", new Await([Call("q", new Work(30))], TimeoutMilliseconds: 8), OneWay("q"), OneWay("q")));
        script.Run(roundAfter);
        var requested = script.Checkpoint("p", "q");
        script.Settle();
        script.Checkpoint("p", "q");
        script.Settle();

        Assert.IsType<CheckpointCommitted>(requested.Outcome);
        var call = Assert.Single(script.Cluster.Calls, call => call.Caller == "p");
        Assert.Equal(CallEnd.TimedOut, call.End);
        Assert.False(script["p"].State.Received.Contains(call.Response));
        Assert.Equal(3, script["p"].Host.Ledger.PermanentMark.Label.Sequence);
    }

    /// <summary>CP-4: only at a quiescent instant.</summary>
    [Fact]
    public void S56_a_reentrant_actor_is_captured_when_no_handler_is_active_and_no_call_is_outstanding()
    {
        var script = new Script("g*", "q", "r");
        script.Client(Call("g", new Work(10), Awaits("q", new Work(40)), new Work(5)));
        script.Client(Call("g", Awaits("r", new Work(25)), new Work(5)));
        script.Run(12);
        var requested = script.Checkpoint("g");
        var captured = (Active: -1, Outstanding: -1);
        script.Hold((participant, message) =>
        {
            if (participant == "g" && message is SnapshotTaken && captured.Active < 0)
            {
                captured = (script["g"].ActiveHandlers, script["g"].OutstandingCalls);
            }

            return false;
        });
        Assert.Equal(2, script["g"].ActiveHandlers);
        script.Settle();

        Assert.Equal((0, 0), captured);
        Assert.Equal(["g", "q", "r"], requested.Cohort);
    }

    [Fact]
    public void S57_a_call_through_a_stateless_actor_carries_the_dependency()
    {
        var script = new Script("a", "b", "/s");
        script.Client(Call("a", Awaits("s", Awaits("b"))));
        script.Settle();
        var receiptAtB = Assert.Single(script["b"].Host.Ledger.AllReceipts());
        var requested = script.Checkpoint("b");
        script.Settle();

        Assert.Equal("a", receiptAtB.Sender.Participant.ToString());
        Assert.Equal(["a", "b"], requested.Cohort);
    }

    [Fact]
    public void S59_a_message_that_perpetuates_itself_drains_and_is_in_transit_exactly_once()
    {
        var script = new Script("p", "q");
        script.Client(Call("p", OneWay("q", new Work(3), new PingBack())));
        script.Run(60);
        var requested = script.Checkpoint("p", "q");
        while (requested.Outcome is null)
        {
            script.Run(1);
        }

        var (p, q) = (script.Permanent("p"), script.Permanent("q"));
        var last = script.Cluster.NewId();
        var inTransit = Enumerable.Range(1, last)
            .Count(message => Sent(script, message)
                && (p.Happened.Contains(message) || q.Happened.Contains(message))
                && !p.Received.Contains(message) && !q.Received.Contains(message));
        script.Cluster.WorkloadIsStopped = true;
        script.Settle();

        Assert.Equal(["p", "q"], requested.Cohort);
        Assert.Equal(1, inTransit);
    }

    private static bool Sent(Script script, int message) => script.Trace.Contains($": m{message} one-way", StringComparison.Ordinal);
}
