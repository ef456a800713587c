using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;
using Xunit;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>What is proven is forgotten, and who asks for it is told that it is aborted.</summary>
public class ForgottenRoundScenarios
{
    /// <summary>
    /// CP-15: p's silo is falsely suspected while a snapshot of a second round is on its way to p's free slot. The next life reads the slots before that, and is in doubt about the first
    /// round. Then the snapshot lands and proves the first round, which is forgotten. The second one is aborted.
    /// </summary>
    [Fact]
    public void A_life_that_has_read_its_slots_before_the_proof_does_not_take_a_forgotten_round_for_an_aborted_one()
    {
        var script = Play(Mutation.None, out var first);
        Assert.Contains("p@2", script.Trace, StringComparison.Ordinal);
        Assert.Equal(["q"], script.RolledBack);
        Assert.True(script["p"].State.SameAs(first));
        Assert.True(script.Permanent("p").SameAs(first));
        Assert.Equal("one decision", Assert.Throws<SimulationViolationException>(() => Play(Mutation.AbortNotVerified, out _)).Checker);

        static Script Play(Mutation mutation, out ActorState first)
        {
            var script = new Script(mutation, "p@2", "q@3");
            script.Hold(static (peer, message) => peer == "p" && message is ProveDecision);
            script.Sends("p", "q");
            script.Checkpoint("p");
            script.RunUntil(() => script["p"].Host.Ledger.IsClean);
            first = script.Permanent("p");
            script.Sends("p", "q");
            script.Hold(static (peer, message) => peer == "p" && message is ProveDecision or Voted or AskDecision);
            script.Cluster.Faults.ScriptedWrites.Enqueue(WriteFate.Slow);
            script.Checkpoint("p");
            script.RunUntil(() => script["p"].Host.Step == StepOfRound.Storing);

            script.Suspect(2);
            script.RunUntil(() => script.Control<AskDecision>().Any());
            Assert.Single(script.Record.CommittedRuns);
            Assert.Equal(1, script.SlotWrites);
            script.RunUntil(() => script.Record.CommittedRuns.IsEmpty);
            script.Run(30);
            Assert.Equal(2, script.SlotWrites);
            script.Release();
            script.Settle();
            return script;
        }
    }
}
