using System.Diagnostics;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Rounds;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>G7: an orderly stop stays within what a host allows for it, however many grains have changed.</summary>
[Collection(nameof(UnderLoad))]
public sealed class ManyGrainsStopTests
{
    private const int Grains = 5_000;

    // What a generic host allows by default.
    private static readonly TimeSpan ShutdownLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SlowWrite = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task A_silo_with_five_thousand_changed_grains_and_slow_storage_stops_in_time_and_loses_nothing()
    {
        var store = new RecordStore();
        string[] keys;
        TimeSpan duration;
        await using (var first = await OutcomeCluster.Start(store: store, options: options => options.MaxPause = new CheckpointingOptions().MaxPause))
        {
            var grains = Enumerable.Range(0, Grains).Select(_ => first.New<IParticipantGrain>()).ToArray();
            keys = [.. grains.Select(grain => grain.GetPrimaryKeyString())];
            foreach (var some in grains.Chunk(100))
                await Task.WhenAll(some.Select(grain => grain.Put(1)));

            store.OnNextWrite(default, static async write =>
            {
                await Task.Delay(SlowWrite);
                await write();
            }, times: int.MaxValue);
            var started = Stopwatch.GetTimestamp();
            await first.Stop();
            duration = Stopwatch.GetElapsedTime(started);
            Report.Write($"{Grains} changed grains, {SlowWrite.TotalMilliseconds} ms per write: stopped in {duration.TotalSeconds:F1} s with {store.Writes} writes");
        }

        Assert.True(duration < ShutdownLimit, $"The stop took {duration}.");
        store.ForgetPlans();
        await using var second = await OutcomeCluster.Start(store: store);
        foreach (var some in keys.Chunk(100))
            Assert.All(await Task.WhenAll(some.Select(key => second.Client.GetGrain<IParticipantGrain>(key).Get())), sum => Assert.Equal(1, sum));
    }
}
