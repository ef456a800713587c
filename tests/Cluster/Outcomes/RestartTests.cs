using Checkpointing.Cluster.Tests.Kit;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>A whole cluster goes, and another one starts over the same SQLite file (SPEC S53, G7).</summary>
public sealed class RestartTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("checkpointing-");

    private string File => Path.Combine(_directory.FullName, "checkpoints.db");

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>G7: what is too busy when the silo stops is tried again, and not left to chance.</summary>
    [Fact]
    public async Task A_grain_that_is_busy_when_its_silo_stops_is_checkpointed_as_soon_as_it_is_not()
    {
        var store = new RecordStore();
        string busyKey, otherKey;
        await using (var first = await OutcomeCluster.Start(store: store, options: options =>
        {
            options.MaxPause = TimeSpan.FromMilliseconds(400);
            options.MaxAttempts = 1;
        }))
        {
            var (busy, other) = (first.New<IParticipantGrain>("busy"), first.New<IParticipantGrain>("other"));
            (busyKey, otherKey) = (busy.GetPrimaryKeyString(), other.GetPrimaryKeyString());
            await other.Put(1);
            var (begun, goOn) = (new Signal(), new Signal());
            // The client is disconnected before its answer comes.
            _ = busy.Put(1, async _ =>
            {
                begun.Set();
                await goOn.Happens;
            }).ContinueWith(call => call.Exception, TaskScheduler.Default);
            await begun.Happens;
            var stop = first.Stop();
            await first.Log.Until("The checkpoint before the shutdown left out 1 grains of this silo and is tried again").WithTimeLimit();
            goOn.Set();
            await stop.WithTimeLimit();
            Assert.DoesNotContain(first.Log.All, line => line.Level > LogLevel.Warning);
        }

        await using var second = await OutcomeCluster.Start(store: store);
        Assert.Equal((1, 1), (await second.Client.GetGrain<IParticipantGrain>(busyKey).Get(), await second.Client.GetGrain<IParticipantGrain>(otherKey).Get()));
    }

    [Fact]
    public async Task A_cluster_that_stops_on_purpose_loses_nothing()
    {
        string[] keys;
        await using (var first = await OutcomeCluster.Start(silos: 2, file: File))
        {
            var grains = Enumerable.Range(0, 10).Select(_ => first.New<IParticipantGrain>()).ToArray();
            keys = [.. grains.Select(grain => grain.GetPrimaryKeyString())];
            await Task.WhenAll(grains.Select(grain => grain.Put(1)));
            Assert.Equal(CheckpointStatus.Committed, (await first.CheckpointAll()).Status);

            // Changed since, alone and in pairs, and never checkpointed again on request.
            for (var i = 0; i < 10; i += 2)
            {
                var other = grains[i + 1];
                await grains[i].Put(10, self => self.Own(other).Put(100));
            }

            await first.Stop();
            Assert.DoesNotContain(first.Log.All, line => line.Text.Contains("lost", StringComparison.Ordinal));
        }

        await using var second = await OutcomeCluster.Start(silos: 2, file: File);
        var sums = await Task.WhenAll(keys.Select(key => second.Client.GetGrain<IParticipantGrain>(key).Get()));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => i % 2 == 0 ? 11 : 101), sums);
    }

    [Fact]
    public async Task A_cluster_that_is_abandoned_comes_back_exactly_as_of_the_last_committed_round()
    {
        string[] keys;
        await using (var first = await OutcomeCluster.Start(silos: 2, file: File))
        {
            var grains = Enumerable.Range(0, 10).Select(_ => first.New<IParticipantGrain>()).ToArray();
            keys = [.. grains.Select(grain => grain.GetPrimaryKeyString())];
            for (var round = 1; round <= 3; round++)
            {
                for (var i = 0; i < 10; i += 2)
                {
                    var other = grains[i + 1];
                    await grains[i].Put(1, self => self.Own(other).Put(10));
                }

                if (round < 3)
                    Assert.Equal((CheckpointStatus.Committed, 10), await first.CheckpointAll() is var result ? (result.Status, result.Participants.Count) : default);
            }

            Assert.Equal(3, await grains[0].Get());
            await first.Abandon();
        }

        await using var second = await OutcomeCluster.Start(silos: 2, file: File);
        var restored = keys.Select(key => second.Client.GetGrain<IParticipantGrain>(key)).ToArray();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => i % 2 == 0 ? 2 : 20), await Task.WhenAll(restored.Select(grain => grain.Get())));

        // The new lives can be checkpointed, together with whom they depend on.
        await restored[0].Put(1, self => self.Own(restored[1]).Put(10));
        var next = await second.Checkpoint(restored[0]);
        Assert.Equal((CheckpointStatus.Committed, 2), (next.Status, next.Participants.Count));
    }

    [Fact]
    public async Task A_silo_that_stops_on_purpose_loses_nothing_while_the_others_go_on()
    {
        await using var cluster = await OutcomeCluster.Start(silos: 2, file: File);
        var grains = Enumerable.Range(0, 20).Select(_ => cluster.New<IParticipantGrain>()).ToArray();
        await Task.WhenAll(grains.Select(grain => grain.Put(1)));
        for (var i = 0; i < 20; i += 2)
        {
            var other = grains[i + 1];
            await grains[i].Put(1, self => self.Own(other).Put(1));
        }

        await cluster.Stop(cluster.Silos.Silos[1]);
        Assert.All(await Task.WhenAll(grains.Select(grain => grain.Get())), sum => Assert.Equal(2, sum));
    }
}
