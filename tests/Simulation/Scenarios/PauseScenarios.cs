using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>A silo whose process stands still.</summary>
public class PauseScenarios
{
    [Fact]
    public void What_is_on_its_way_to_storage_lands_while_the_silo_is_paused_and_is_heard_when_it_goes_on()
    {
        var script = new Script("p@2", "q@1");
        script.Sends("p", "q");
        script.Checkpoint("p");
        script.RunUntil(() => script["p"].Host.Step == StepOfRound.Storing);
        script.Silo(2).Process.Pause(2000);
        script.Run(1900);

        Assert.Equal(1, script.Cluster.Slots.WritesLanded - script.Cluster.Slots.LandedIn(StepOfRound.Fencing));
        Assert.Equal(StepOfRound.Storing, script["p"].Host.Step);
        script.Settle();
        Assert.NotEqual(StepOfRound.Storing, script["p"].Host.Step);
    }

    [Fact]
    public void A_handler_of_a_paused_silo_goes_on_after_the_pause()
    {
        var script = new Script("p@2", "q@1");
        var call = script.Client(Script.Call("p", new Work(20)));
        script.Run(10);
        script.Silo(2).Process.Pause(1000);
        script.Run(990);
        Assert.Equal(CallEnd.Pending, call.End);

        script.Settle();
        Assert.Equal(CallEnd.Completed, call.End);
    }

    /// <summary>A life reads one slot, and the other one when later lives have written both.</summary>
    [Fact]
    public void A_life_whose_silo_was_paused_between_its_two_reads_reads_again_and_does_not_call_a_slot_lost()
    {
        var script = new Script("p@2", "q@1");
        script.Sends("p", "q");
        Assert.IsType<CheckpointCommitted>(Committed(script));
        script.Cluster.Replace(script["p"], keepQueue: true);
        script.Silo(2).Process.Pause(3000);
        script.Cluster.Silos.Lose(script.Silo(2), isFalseSuspicion: true, goesOnFor: 5000);
        script.Tell(2);
        for (var rounds = 0; rounds < 3; rounds++)
        {
            script.Sends("p", "q");
            Assert.IsType<CheckpointCommitted>(Committed(script));
        }

        script.Settle();
        Assert.Same(script.Silo(1), script["p"].Silo);
    }

    private static CheckpointOutcome? Committed(Script script)
    {
        var requested = script.Checkpoint("p");
        script.RunUntil(() => requested.Outcome is not null);
        return requested.Outcome;
    }
}
