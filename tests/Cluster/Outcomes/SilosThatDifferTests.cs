using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>SPEC K15.</summary>
public sealed class SilosThatDifferTests
{
    [Fact]
    public async Task No_checkpoint_is_taken_while_a_silo_does_not_have_the_library()
    {
        var isPlain = false;
        await using var cluster = await OutcomeCluster.Start(isPlain: () => isPlain);
        var p = await cluster.OnceCheckpointed();
        await p.Put(1);
        isPlain = true;
        var plain = await cluster.Silos.StartAdditionalSiloAsync();
        await cluster.Silos.WaitForLivenessToStabilizeAsync();

        // Grains are placed on it only when what it hosts is known, and so is this.
        CheckpointResult result = null!;
        await Eventually.Holds(async () => (result = await cluster.Checkpoint(p)).Reason == CheckpointAbortReason.SilosDiffer);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.SilosDiffer), (result.Status, result.Reason));
        Assert.Contains(plain.SiloAddress.ToString(), result.Detail, StringComparison.Ordinal);
        Assert.Contains("The previous permanent checkpoints still hold", result.Detail, StringComparison.Ordinal);

        // It may have been committed before that was known.
        await p.Put(1);
        Assert.Equal(CheckpointAbortReason.SilosDiffer, (await cluster.CheckpointAll()).Reason);

        await cluster.Stop(plain);
        await Eventually.Holds(async () => (await cluster.Checkpoint(p)).Status == CheckpointStatus.Committed);
    }
}
