using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>What a closed gate parks and what it lets pass (SPEC D6).</summary>
public sealed class GateTests(CheckpointedCluster cluster)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_nested_call_passes_a_parked_root_of_a_non_reentrant_grain(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        await q.CloseGate();
        var root = q.Add(1);
        await q.UntilWaiting(1);

        for (var i = 0; i < 20; i++)
            await p.Perform(Script.Of(self => self.Own(q).Add(10))).WithTimeLimit();

        Assert.False(root.IsCompleted);
        await q.OpenGate();
        Assert.Equal(201, await root);
    }
}
