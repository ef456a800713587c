using Checkpointing.Simulation.Tests.Scenarios;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests;

/// <summary>K7: the record of decisions is read and written in one piece, so it must not grow with the number of rounds.</summary>
public class DecisionRecordSizeTests
{
    private const int Rounds = 2000;

    [Fact]
    public void Committed_rounds_coalesce_although_every_seventh_round_fails_and_one_participant_checkpoints_only_once()
    {
        var script = new Script(isTraced: false, "idle", "p", "q", "r");
        script.Client(Call("idle"));
        script.Settle();
        script.Checkpoint("idle");
        script.Settle();
        var (committed, most) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            script.Client(Call("p", Awaits("q")));
            script.Client(Call("r"));
            script.Settle();
            if (round % 7 == 0)
            {
                script.Cluster.Faults.ScriptedWrites.Enqueue(Faults.WriteFate.Fails);
            }

            var requested = script.Checkpoint("p", "r");
            script.Settle();
            committed += requested.Outcome is Protocol.CheckpointAlgorithm.CheckpointCommitted ? 1 : 0;
            most = Math.Max(most, script.Record.CommittedRuns.Length);
        }

        Console.WriteLine($"{committed} of {Rounds} rounds committed; the record never had more than {most} runs.");
        Assert.True(committed > Rounds / 2);
        Assert.InRange(most, 1, 8);
    }
}
