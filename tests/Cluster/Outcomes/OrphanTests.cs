using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>One silo dies and the others live on: a grain that depends on what was lost can never be committed.</summary>
public sealed class OrphanTests
{
    /// <summary>CP-3 at the sender that is asked; CP-5 would find it too, in the verification.</summary>
    [Fact]
    public async Task A_grain_that_depends_on_work_that_died_with_a_silo_is_an_orphan_and_is_left_out()
    {
        await using var cluster = await OutcomeCluster.Start(silos: 3);
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.CheckpointAll()).Status);
        var coordinatorsSilo = await cluster.SiloOf(cluster.Coordinator);
        var others = cluster.Silos.Silos.Where(silo => !silo.SiloAddress.Equals(coordinatorsSilo)).ToArray();
        var (p, q, independent) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"), cluster.New<IParticipantGrain>("independent"));
        await Placed.On(others[0].SiloAddress, p.Get);
        await Placed.On(others[1].SiloAddress, q.Get);
        await Placed.On(others[0].SiloAddress, independent.Get);
        await independent.Put(1);
        await p.Put(1, self => self.Own(q).Put(10));
        await cluster.Silos.KillSiloAsync(others[1], TestContext.Current.CancellationToken);

        var result = await cluster.CheckpointAll();
        Assert.Equal((CheckpointStatus.PartlyCommitted, CheckpointAbortReason.OrphanFound), (result.Status, result.Reason));
        Assert.Contains($"Grain {p.GetGrainId()}", result.Detail, StringComparison.Ordinal);
        Assert.Contains("It can only be rolled back", result.Detail, StringComparison.Ordinal);
        Assert.Equal(p.GetGrainId(), Assert.Single(result.LeftOut).GrainId);
        Assert.Equal(independent.GetGrainId(), Assert.Single(result.Participants).GrainId);

        // Neither the loss nor what depends on it is ever stored, however often it is asked for; the application goes on.
        var again = await cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.OrphanFound), (again.Status, again.Reason));
        Assert.Equal(("", ""), (cluster.Store.SlotsOf(p.GetGrainId()), cluster.Store.SlotsOf(q.GetGrainId())));
        Assert.Equal((1, 0), (await p.Get(), await q.Get()));
    }
}
