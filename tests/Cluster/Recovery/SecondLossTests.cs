using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>Another silo dies while the loss of the first is being dealt with.</summary>
public sealed class SecondLossTests
{
    /// <summary>x was lost. p had heard from it, r on another silo from p, and w from r. Then the silo of r dies too.</summary>
    [Theory]
    [InlineData(nameof(SuspectsReported))]
    [InlineData(nameof(LifeEnded))]
    [InlineData(nameof(EndsInstalled))]
    [InlineData(nameof(ReadyToRollBack))]
    [InlineData(nameof(RolledBack))]
    public async Task A_recovery_ends_with_one_rollback_each_when_another_silo_dies_in_it(string whenTheCoordinatorHears)
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4);
        var (p, r, w) = (await cluster.OrphanToBe(0, "p"), await cluster.On<IParticipantGrain>(2, "r"), await cluster.On<IParticipantGrain>(0, "w"));
        var bystander = await cluster.On<IParticipantGrain>(0, "bystander");
        await r.Put(1, self => self.Own(p).Put(1));
        await w.Put(1, self => self.Own(r).Put(1));
        await bystander.Put(7);
        var (begins, lost) = (0, new Signal());
        cluster.Watch.Intercepts = async message =>
        {
            if (message.GetType().Name == whenTheCoordinatorHears && Interlocked.Exchange(ref begins, 1) == 0)
            {
                await cluster.Lose(2);
                lost.Set();
            }

            return false;
        };

        await cluster.Lose(1);
        await lost.Happens;
        await cluster.UntilRecovered();

        Assert.Equal((0, 0, 0, 7), (await p.Get(), await r.Get(), await w.Get(), await bystander.Get()));
        Assert.All((IParticipantGrain[])[p, w], grain => Assert.Equal(1, cluster.Logged($"{grain.GetGrainId()} rolled back to its permanent checkpoint")));
        Assert.Equal(0, cluster.Logged($"{bystander.GetGrainId()} rolled back to its permanent checkpoint"));
        await w.Put(1, self => self.Own(r).Put(1));
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }
}
