using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>SPEC K4: who has not changed takes no part.</summary>
[Collection(nameof(UnderLoad))]
public sealed class PeriodicRoundsTests
{
    [Fact]
    public async Task Periodic_rounds_write_the_changed_grains_and_no_others()
    {
        await using var cluster = await RoundsCluster.Start(options => options.CheckpointInterval = TimeSpan.FromMilliseconds(50));
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        for (var i = 0; i < 12; i++)
            await cluster.ActivateOn(i % 2, cluster.Account(i));

        for (var wave = 0; wave < 5; wave++)
        {
            var writes = cluster.Judge.Writes.Slots;
            var done = new Signal();
            cluster.Judge.Decided = decision =>
            {
                if (decision.Writers.Contains(cluster.Account(1).GetGrainId()))
                    done.Set();
            };
            await cluster.Account(0).Transfer(Bank.NextTransfer(), RoundsCluster.Key(1), 1);
            await done.Happens;
            cluster.Judge.Decided = null;
            Assert.InRange(cluster.Judge.Writes.Slots - writes, 2, 3);
        }

        var writers = cluster.Judge.Decisions.SelectMany(decision => decision.Writers).Distinct().Order();
        Assert.Equal([cluster.Account(0).GetGrainId(), cluster.Account(1).GetGrainId()], writers);
        cluster.Judge.AssertNoViolation();
    }

    [Fact]
    public async Task Unchanged_grains_have_nothing_to_do_and_write_nothing()
    {
        await using var cluster = await RoundsCluster.Start();
        await cluster.Account(1).Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint()).Status);
        var writes = cluster.Judge.Writes;

        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.Checkpoint()).Status);
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.Checkpoint(cluster.Account(1).GetGrainId())).Status);
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.Checkpoint(cluster.Account(3).GetGrainId())).Status);
        await cluster.Account(1).Balance();
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.Checkpoint()).Status);
        Assert.Equal(writes, cluster.Judge.Writes);
    }

    [Fact]
    public async Task A_grain_that_was_called_and_did_not_change_is_asked_once_and_then_left_alone()
    {
        await using var cluster = await RoundsCluster.Start();
        var account = cluster.Account(1);
        await account.Transfer(Bank.NextTransfer(), RoundsCluster.Key(2), 1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint()).Status);
        var writes = cluster.Judge.Writes;

        await account.StopTimer();
        var host = cluster.HostOf(account.GetGrainId());
        Assert.True(host.MayHaveChanged);
        var asked = await cluster.Checkpoint();
        Assert.Equal(CheckpointStatus.NothingToDo, asked.Status);
        Assert.NotEqual("", asked.Round);
        Assert.Equal("", (await cluster.Checkpoint()).Round);
        Assert.False(host.MayHaveChanged);
        Assert.Equal(writes, cluster.Judge.Writes);
    }
}
