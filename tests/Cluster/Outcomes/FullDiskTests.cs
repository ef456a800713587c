using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>A store that has no room, or takes no writes at all: the application goes on, and the next round commits when it can.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int SmallFile = 262_144;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("checkpointing-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task On_a_full_disk_rounds_abort_with_advice_until_space_returns()
    {
        await using var cluster = await OutcomeCluster.Start(file: Path.Combine(_directory.FullName, "small.db"), configure: silo =>
            silo.Services.Configure<SqliteGrainStorageOptions>("file", sqlite => sqlite.MaximumFileSize = SmallFile));
        var (pair, other) = (cluster.New<IPairGrain>("pair"), cluster.New<IPairGrain>("other"));
        await pair.Set("first", 1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(pair)).Status);

        var storage = cluster.Silos.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainStorage>("file");
        var ballast = await FillUp(storage);
        await pair.Set(new string('x', 30_000), 2);
        var aborted = await cluster.Checkpoint(pair);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (aborted.Status, aborted.Reason));
        Assert.Contains(pair.GetGrainId().ToString(), aborted.Detail, StringComparison.Ordinal);
        Assert.Contains("full", aborted.Detail, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("The previous permanent checkpoints still hold. Check the storage provider, then ask again.", aborted.Detail, StringComparison.Ordinal);

        Assert.Equal(2, (await pair.Get()).Number);
        await other.Set("goes on", 3);
        Assert.Equal(("goes on", 3), await other.Get());

        foreach (var (key, state) in ballast)
            await storage.ClearStateAsync("ballast", key, state, TestContext.Current.CancellationToken);

        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(pair)).Status);
        await cluster.Silos.DeactivateAsync(pair).WithTimeLimit();
        Assert.Equal(2, (await pair.Get()).Number);
    }

    /// <summary>From the request to the file and back; the silos keep running while it is read-only.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_its_file_is_read_only_rounds_abort_with_advice_and_nothing_is_lost(bool becomesWritableInTime)
    {
        var path = Path.Combine(_directory.FullName, "checkpoints.db");
        using var file = new WritableFile(path);
        string[] keys;
        await using (var cluster = await OutcomeCluster.Start(silos: 2, file: path))
        {
            var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
            keys = [p.GetPrimaryKeyString(), q.GetPrimaryKeyString()];
            await p.Put(1, self => self.Own(q).Put(10));
            Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);

            file.MakeReadOnly();
            for (var i = 2; i <= 3; i++)
            {
                await p.Put(1, self => self.Own(q).Put(10));
                AssertNamesGrainAndFile(await cluster.Checkpoint(p), path, p, q);
                Assert.Equal((i, 10 * i), (await p.Get(), await q.Get()));
            }

            if (becomesWritableInTime)
            {
                file.MakeWritable();
                var committed = await cluster.Checkpoint(p);
                Assert.Equal((CheckpointStatus.Committed, 2), (committed.Status, committed.Participants.Count));
            }

            await cluster.Abandon();
        }

        file.MakeWritable();
        await using var next = await OutcomeCluster.Start(silos: 2, file: path);
        var sums = await Task.WhenAll(keys.Select(key => next.Client.GetGrain<IParticipantGrain>(key).Get()));
        Assert.Equal(becomesWritableInTime ? [3, 30] : [1, 10], sums);
    }

    [Fact]
    public async Task A_store_that_takes_no_writes_aborts_every_round_and_stops_nobody()
    {
        await using var cluster = await OutcomeCluster.Start();
        var p = cluster.New<IParticipantGrain>();
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);
        cluster.Store.OnNextWrite(default, _ => throw new UnauthorizedAccessException("the store is read-only"), times: 1000);
        for (var i = 0; i < 3; i++)
        {
            await p.Put(1);
            var aborted = await cluster.Checkpoint(p);
            Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (aborted.Status, aborted.Reason));
            Assert.Contains("the store is read-only", aborted.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(4, await p.Get());
        cluster.Store.ForgetPlans();
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);
        await cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        Assert.Equal(4, await p.Get());
    }

    private static void AssertNamesGrainAndFile(CheckpointResult aborted, string path, params IParticipantGrain[] members)
    {
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (aborted.Status, aborted.Reason));
        Assert.Contains(members, member => aborted.Detail.StartsWith($"Grain {member.GetGrainId()}: ", StringComparison.Ordinal));
        Assert.Contains($"to '{path}': the file or its directory cannot be opened for writing", aborted.Detail, StringComparison.Ordinal);
        Assert.EndsWith("The previous permanent checkpoints still hold. Check the storage provider, then ask again.", aborted.Detail, StringComparison.Ordinal);
    }

    private static async Task<List<(GrainId Key, GrainState<string> State)>> FillUp(IGrainStorage storage)
    {
        List<(GrainId, GrainState<string>)> stored = [];
        for (var size = 20_000; size > 100;)
        {
            var (key, state) = (GrainId.Create("ballast", $"{stored.Count}"), new GrainState<string>(new string('b', size)));
            try
            {
                await storage.WriteStateAsync("ballast", key, state, TestContext.Current.CancellationToken);
                stored.Add((key, state));
            }
            catch (SqliteGrainStorageException full) when (full.Failure == SqliteStorageFailure.DiskFull)
            {
                size /= 2;
            }
        }

        return stored;
    }
}
