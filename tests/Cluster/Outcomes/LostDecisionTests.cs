using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Rounds;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>A grain that has voted and never hears the decision: nobody may take it for busy.</summary>
public sealed class LostDecisionTests
{
    [Fact]
    public async Task A_grain_that_has_not_heard_a_decision_is_still_in_doubt_and_joins_once_it_has()
    {
        var watch = new ControlWatch();
        await using var cluster = await OutcomeCluster.Start(
            options: options =>
            {
                options.MaxPause = TimeSpan.FromMilliseconds(500);
                options.MaxAttempts = 2;
                options.DecisionPollInterval = TimeSpan.FromMilliseconds(100);
            },
            configure: silo => silo.PutFirst(services => new ControlWatch.Filter(watch, services)));
        var p = cluster.New<IParticipantGrain>();
        await p.Put(1);
        watch.BeforeDelivery = (_, messages) => messages.Any(entry => entry.Message is MakePermanent or DecisionAnswered)
            ? throw new IOException("the silos cannot reach each other")
            : Task.CompletedTask;
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);
        await p.Put(1);
        var result = await cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.StillInDoubt, 2), (result.Status, result.Reason, result.Attempts));
        Assert.Contains($"Grain {p.GetGrainId()}: it has not heard what became of its tentative checkpoint of round", result.Detail, StringComparison.Ordinal);
        Assert.Contains("permanent checkpoints still hold", result.Detail, StringComparison.Ordinal);
        Assert.Contains("ask again", result.Detail, StringComparison.Ordinal);
        Assert.Equal(2, await p.Get());

        watch.BeforeDelivery = null;
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.Checkpoint(p)).Status);
    }
}
