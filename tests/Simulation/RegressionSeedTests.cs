using Xunit;

namespace Checkpointing.Simulation.Tests;

/// <summary>Seeds that once broke a promise. They run always; the violation that each of them showed is named.</summary>
public class RegressionSeedTests
{
    [Theory]
    [InlineData(1446UL, "a delayed Join of an undone round closed the gate of a participant that was in doubt about an earlier one")]
    [InlineData(11724UL, "a released member came back in the same round, and the delayed Undo of its release undid what was committed")]
    public void A_seed_that_once_failed_keeps_every_promise(ulong seed, string violation)
    {
        var run = SimulationRun.Of(seed);

        Assert.True(run.Violation is null, $"{violation}: {run.Violation}");
    }
}
