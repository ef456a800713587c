using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>RB-20 without a loss: the connection between two silos that go on breaks while a call is written to it, and its caller is told that it was not delivered.</summary>
public class BrokenConnectionScenarios
{
    [Fact]
    public void A_call_that_did_not_arrive_is_sent_again_and_runs()
    {
        var script = Play(Mutation.None, arrival: null);
        Assert.Equal(CallEnd.Completed, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Empty(script.RolledBack);
    }

    [Fact]
    public void A_call_that_arrives_late_is_refused_and_runs_once()
    {
        var script = Play(Mutation.None, arrival: 600);
        Assert.Equal(CallEnd.Completed, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Empty(script.RolledBack);
        Assert.Contains("b refuses m", script.Trace, StringComparison.Ordinal);
        foreach (var mistake in (Mutation[])[Mutation.BrokenConnectionsIgnored, Mutation.OldCopiesRun, Mutation.CutOffNotAwaited])
        {
            Assert.Equal("runs once", Assert.Throws<SimulationViolationException>(() => Play(mistake, arrival: 600)).Checker);
        }
    }

    /// <summary>K1: it has run, or runs, and its answer comes to nobody.</summary>
    [Fact]
    public void A_call_that_did_arrive_is_declined_the_second_time_and_lost()
    {
        var script = Play(Mutation.None, arrival: 0);
        Assert.Equal(CallEnd.Lost, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Equal(["b", "p"], script.RolledBack);
        foreach (var mistake in (Mutation[])[Mutation.BrokenConnectionsIgnored, Mutation.ArrivedCopiesNotNoticed])
        {
            Assert.Equal("runs once", Assert.Throws<SimulationViolationException>(() => Play(mistake, arrival: 0)).Checker);
        }
    }

    /// <summary>A relay cannot send it again (RB-19): whoever awaits the relay rolls back.</summary>
    [Fact]
    public void A_call_of_a_relay_is_lost()
    {
        var script = new Script("p@2", "/relay@2", "b@3");
        script.Cluster.Connections.Arrival = _ => null;
        script.Cluster.Connections.Break(script.Silo(2), script.Silo(3), duration: 50);
        script.Client(Call("p", new Await([Call("relay", Awaits("b", new Work(1)))], TimeoutMilliseconds: 1000)));
        script.Settle();
        Assert.Equal(CallEnd.Lost, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Equal(["p"], script.RolledBack);
    }

    /// <summary>The refusal says under which line it was: nobody else tells a silo that the wave of another one has not reached.</summary>
    [Fact]
    public void A_caller_whose_silo_was_not_told_of_the_line_hears_of_it_from_the_refusal()
    {
        var script = new Script("p@2", "b@3");
        script.Silo(3).CutOff.Raise(script.Silo(2).Line + 1);
        script.Client(Call("p", new Await([Call("b", new Work(1))], TimeoutMilliseconds: 1000)));
        script.Settle();
        Assert.Equal(CallEnd.Completed, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Equal(script.Silo(3).Line, script.Silo(2).Line);
        Assert.Single(script.Trace.Split('\n'), line => line.Contains("b refuses m", StringComparison.Ordinal));
    }

    /// <summary>A call of p to b on another silo, to which the connection breaks.</summary>
    private static Script Play(Mutation mutation, long? arrival)
    {
        var script = new Script(mutation, "p@2", "b@3", "x@4");
        script.Cluster.Connections.Arrival = request => request.MayHaveArrived ? null : arrival;
        script.Cluster.Connections.Break(script.Silo(2), script.Silo(3), duration: 50);
        script.Client(Call("p", new Await([Call("b", new Work(300))], TimeoutMilliseconds: 2000)));
        script.Settle();
        return script;
    }
}
