namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>A storage of several seconds per write, counted in messages: what is on its way is not asked for again and again.</summary>
public sealed class SlowStorageTests
{
    private const int Grains = 40;

    private static readonly TimeSpan SlowWrite = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Participants_whose_writes_take_long_are_not_asked_again_and_again()
    {
        await using var cluster = await RoundsCluster.Start();
        await ChangeAll(cluster);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint()).Status);
        await ChangeAll(cluster);
        cluster.Storage.BeforeWrite = (name, _) => name == "decisions" ? Task.CompletedTask : Task.Delay(SlowWrite);
        var (delivered, answered) = (cluster.Watch.Delivered, cluster.Watch.Answered);
        var result = await cluster.Checkpoint();
        (delivered, answered) = (cluster.Watch.Delivered - delivered, cluster.Watch.Answered - answered);

        Assert.Equal((CheckpointStatus.Committed, Grains), (result.Status, result.Participants.Count));
        Assert.True(result.Duration > SlowWrite);

        // Join, snapshot, store, store again, make permanent; joined, snapshot taken, still storing, voted, proven, learned. And some that were asked twice.
        Assert.InRange(delivered, 4 * Grains, 7 * Grains);
        Assert.InRange(answered, 4 * Grains, 9 * Grains);
    }

    private static Task ChangeAll(RoundsCluster cluster) => Task.WhenAll(Enumerable.Range(0, Grains / 2).Select(number =>
        cluster.Account(2 * number).Transfer(Bank.NextTransfer(), RoundsCluster.Key((2 * number) + 1), 1)));
}
