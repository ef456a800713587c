using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>Calls whose callee is lost with its silo, or rolls back: what is sent again, and what makes its caller an orphan.</summary>
public class LostCallScenarios
{
    /// <summary>RB-19: p has taken from a and gives to b, whose silo dies. b's next life has forgotten the call, so it runs it, and the chain is whole.</summary>
    [Fact]
    public void A_call_that_is_lost_with_its_callee_is_sent_again_and_nobody_rolls_back()
    {
        var script = new Script("p@2", "a@3", "b@4");
        var client = script.Client(Call("p", Awaits("a"), Awaits("b", new Work(300))));
        script.Run(100);
        var lost = script.Cluster.Calls.Single(call => call.Callee == "b");
        script.Lose(4);
        script.Settle();

        Assert.Equal((CallEnd.Completed, CallEnd.Completed), (lost.End, client.End));
        Assert.Equal(1, script.Cluster.Judges.Rollbacks.SentAgainPerhapsArrived);
        Assert.True(script["b"].State.Ran.Contains(lost.Request));
        Assert.Empty(script.RolledBack);
    }

    /// <summary>RB-19: b runs a call of p and has heard of x, which is lost. b rolls back, and its next life runs the call of p, which has received nothing.</summary>
    [Fact]
    public void A_call_whose_callee_rolls_back_runs_in_the_next_life()
    {
        var script = new Script("p@2", "b@3", "x@4");
        script.Sends("x", "b");
        script.Client(Call("p", Awaits("b", new Work(300))));
        script.Run(100);
        script.Lose(4);
        script.Settle();

        Assert.Equal(["b"], script.RolledBack);
        Assert.Equal(CallEnd.Completed, script.Cluster.Calls.Single(call => call.Callee == "b" && call.Caller == "p").End);
    }

    /// <summary>K1: the call was passed on to where b is now. b has received it, and its answer comes to nobody.</summary>
    [Fact]
    public void A_lost_call_that_its_callee_has_received_makes_its_caller_an_orphan()
    {
        var script = Play(Mutation.None);
        Assert.Equal(CallEnd.Lost, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Equal(["b", "p"], script.RolledBack);
        Assert.Equal("runs once", Assert.Throws<SimulationViolationException>(() => Play(Mutation.ArrivedCopiesNotNoticed)).Checker);
        Assert.Throws<SimulationViolationException>(() => Play(Mutation.LostCallsForgotten));

        static Script Play(Mutation mutation) => PassedOn(mutation, first: 0, new Work(300));
    }

    /// <summary>RB-20: the silo that is gone has passed the first copy on. It arrives when the second one has run.</summary>
    [Fact]
    public void A_copy_that_comes_late_does_not_run()
    {
        var script = Play(Mutation.None);
        Assert.Equal(CallEnd.Completed, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Empty(script.RolledBack);
        Assert.Contains("b refuses m", script.Trace, StringComparison.Ordinal);
        Assert.Equal("runs once", Assert.Throws<SimulationViolationException>(() => Play(Mutation.OldCopiesRun)).Checker);
        Assert.Equal("runs once", Assert.Throws<SimulationViolationException>(() => Play(Mutation.CutOffNotAwaited)).Checker);

        static Script Play(Mutation mutation) => PassedOn(mutation, first: 600, new Work(1));
    }

    /// <summary>RB-20: the first copy has run where it was passed on to, and its answer came to nobody. Its caller gives up before the second copy arrives.</summary>
    [Fact]
    public void A_caller_that_gives_up_while_a_second_copy_is_on_its_way_has_lost_the_call()
    {
        var script = Play(Mutation.None);
        Assert.Equal(CallEnd.Lost, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Equal(["b", "p"], script.RolledBack);
        Assert.Equal("runs once", Assert.Throws<SimulationViolationException>(() => Play(Mutation.SecondCopiesGivenUp)).Checker);

        static Script Play(Mutation mutation)
        {
            var script = PassedOn(mutation, first: 0, new Work(100), second: 900, timeout: 500, settle: false);
            script.Run(450);
            var checkpoint = script.Checkpoint("b");
            script.RunUntil(() => checkpoint.Outcome is not null);
            script.Settle();
            return script;
        }
    }

    /// <summary>
    /// RB-19 is not for relays. p has given up its call to one, has gone on, and has become permanent together with b, which has received what the relay has sent.
    /// b's next life remembers it, but no receipt of it.
    /// </summary>
    [Fact]
    public void A_relay_sends_nothing_again_because_its_caller_may_have_gone_on()
    {
        var script = Play(Mutation.None);
        Assert.Equal(CallEnd.Lost, script.Cluster.Calls.Single(call => call.Callee == "b").End);
        Assert.Empty(script.RolledBack);
        Assert.Equal("runs once", Assert.Throws<SimulationViolationException>(() => Play(Mutation.RelaysSendAgain)).Checker);

        static Script Play(Mutation mutation)
        {
            var script = new Script(mutation, "p@2", "/relay@3", "b@4", "x@5");
            script.Client(Call("p", new Await([Call("relay", Awaits("b", new Work(300)))], TimeoutMilliseconds: 50)));
            script.Run(150);

            // The relay's silo waits for the fifth, which is gone, and hears meanwhile that the fourth is, which is not.
            script.Lose(5, heardBy: 1);
            script.Cluster.Silos.Lose(script.Silo(4), isFalseSuspicion: true, goesOnFor: 1000);
            script.Tell(4, 3);
            script.Run(300);
            var checkpoint = script.Checkpoint("b");
            script.RunUntil(() => checkpoint.Outcome is not null);
            Assert.Equal(["b", "p"], checkpoint.Cohort);

            script.Tell(4);
            script.Run(50);
            script.Tell(5);
            script.Settle();
            return script;
        }
    }

    /// <summary>A call of p to b, which has just moved from the third silo to the fourth. The third passes it on, and dies.</summary>
    private static Script PassedOn(Mutation mutation, long first, Work work, long second = 0, int timeout = 1000, bool settle = true)
    {
        var script = new Script(mutation, "p@2", "b@3", "x@4");
        script.Cluster.Network.PassingOn = request => request.MayHaveArrived ? second : first;
        script.Client(Call("p", new Await([Call("b", work)], timeout)));
        script.RunUntil(() => script.Cluster.Calls.Exists(call => call.Callee == "b"));
        script.Cluster.Moves.Begin(script["b"], script.Silo(4), duration: 0);
        script.Run(60);
        Assert.Equal(script.Silo(4), script["b"].Silo);
        script.Lose(3);
        if (settle)
        {
            script.Settle();
        }

        return script;
    }
}
