using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>One silo dies and the others live on: what depends on lost work rolls back, and nothing else (SPEC D12, G4).</summary>
public sealed class SiloLossTests
{
    [Fact]
    public async Task A_grain_that_has_called_into_a_lost_silo_rolls_back_with_all_that_depends_on_it_and_nothing_else()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        var (r, independent) = (await cluster.On<IParticipantGrain>(0, "r"), await cluster.On<IParticipantGrain>(0, "independent"));
        foreach (var grain in (IParticipantGrain[])[p, q, r, independent])
            await grain.Put(1);

        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
        await p.Put(2, self => self.Own(q).Put(10));
        await p.Put(3, self => self.Own(r).Put(3));
        await independent.Put(7);
        await cluster.Lose(1);
        await cluster.UntilRecovered();
        Assert.Equal((1, 1, 1, 8), (await p.Get(), await q.Get(), await r.Get(), await independent.Get()));
        Assert.Equal(2, cluster.RolledBack);
        var after = await cluster.Outcomes.CheckpointAll();
        Assert.Equal((CheckpointStatus.Committed, independent.GetGrainId()), (after.Status, Assert.Single(after.Participants).GrainId));
    }

    /// <summary>CP-3, CP-5: whether the round or the notice of the loss comes first, the orphan is in no checkpoint, and others are.</summary>
    [Fact]
    public async Task A_round_right_after_the_loss_commits_no_orphan_and_has_it_roll_back()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        var independent = await cluster.On<IParticipantGrain>(0, "independent");
        await independent.Put(1);
        await p.Put(1, self => self.Own(q).Put(10));
        await cluster.Outcomes.Kill(cluster.SiloOf(1));

        var result = await cluster.Outcomes.CheckpointAll();
        Assert.Equal(independent.GetGrainId(), Assert.Single(result.Participants).GrainId);
        if (result.Status != CheckpointStatus.Committed)
        {
            Assert.Equal((CheckpointStatus.PartlyCommitted, CheckpointAbortReason.OrphanFound), (result.Status, result.Reason));
            Assert.Contains($"Grain {p.GetGrainId()}", result.Detail, StringComparison.Ordinal);
            Assert.Contains("It rolls back by itself", result.Detail, StringComparison.Ordinal);
            Assert.Equal(p.GetGrainId(), Assert.Single(result.LeftOut).GrainId);
        }

        await Eventually.Holds(() => cluster.RolledBack == 1);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 1), (await p.Get(), await q.Get(), await independent.Get()));
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.Outcomes.CheckpointAll()).Status);
    }
}
