using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>G5 and G6 over a thousand changed grains.</summary>
[Collection(nameof(UnderLoad))]
public sealed class ManyGrainsTests(ITestOutputHelper output)
{
    private const int Grains = 1_000;

    private static readonly TimeSpan SlowWrite = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task A_round_over_a_thousand_changed_grains_writes_a_thousand_and_one_records_and_its_pause_does_not_depend_on_storage()
    {
        await using var cluster = await RoundsCluster.Start(options => options.MaxPause = TimeSpan.FromSeconds(10));
        cluster.Judge.Invariant = Bank.Conserved(withEntries: false);
        await ChangeAll(cluster);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint()).Status);
        var warmUp = await Round(cluster);
        var fast = await MedianPause(cluster);
        cluster.Storage.BeforeWrite = (name, _) => name == "decisions" ? Task.CompletedTask : Task.Delay(SlowWrite);
        var slow = await MedianPause(cluster);
        cluster.Storage.BeforeWrite = null;
        output.WriteLine($"{Grains} grains: warm-up {warmUp.Pause.TotalMilliseconds:F1} ms, fast storage {fast:F1} ms, slow storage {slow:F1} ms");
        Assert.True(slow < fast + (SlowWrite.TotalMilliseconds / 2), $"The pause is {slow} ms with slow storage and {fast} ms with fast storage.");
        await cluster.AssertEverythingIsPermanent(cluster.Judge.PermanentStates.Sum(state => state.Debits.Count));
    }

    private async Task<double> MedianPause(RoundsCluster cluster)
    {
        var pauses = new List<double>();
        for (var i = 0; i < 3; i++)
            pauses.Add((await Round(cluster)).Pause.TotalMilliseconds);

        return pauses.Order().ElementAt(1);
    }

    /// <summary>Every grain is changed; then callers keep calling while the round runs.</summary>
    private async Task<CheckpointResult> Round(RoundsCluster cluster)
    {
        await ChangeAll(cluster);
        var load = Load.Start(64, Soak.Seed, random =>
        {
            var (from, to) = Bank.TwoOf(Grains, random);
            return cluster.Account(from).Transfer(Bank.NextTransfer(), RoundsCluster.Key(to), random.Next(100));
        });
        var before = cluster.Judge.Writes;
        var result = await cluster.Checkpoint();
        var after = cluster.Judge.Writes;
        await load.Stop();
        output.WriteLine($"{result.Status}, {result.Attempts} attempts, pause {result.Pause.TotalMilliseconds:F1} ms, {result.Duration.TotalMilliseconds:F1} ms in all, {load.Calls} calls, {result.Retakes} retakes");
        Assert.True(result.Status == CheckpointStatus.Committed, result.Detail);
        Assert.Equal(Grains, result.Participants.Count);
        Assert.Equal((Grains, 1), (after.Slots - before.Slots, after.Records - before.Records));
        cluster.Judge.AssertNoViolation();
        return result;
    }

    private static Task ChangeAll(RoundsCluster cluster) => Task.WhenAll(Enumerable.Range(0, Grains / 2).Select(i =>
        cluster.Account(2 * i).Transfer(Bank.NextTransfer(), RoundsCluster.Key((2 * i) + 1), 1))).WithTimeLimit();
}
