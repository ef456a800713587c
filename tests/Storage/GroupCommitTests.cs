using Checkpointing.Storage.Sqlite;
using Orleans.Storage;

namespace Checkpointing.Storage.Tests;

public sealed class GroupCommitTests
{
    [Fact]
    public async Task Concurrent_writes_share_transactions()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("group.db"), options => options.MaximumWritesPerTransaction = 64);
        await sqlite.Storage.Write("first", "opens the file");
        var before = sqlite.Database.CommittedTransactions;

        Task<GrainState<string>>[] writes;
        using (new LockedDatabase(sqlite))
            writes = [.. Enumerable.Range(0, 256).Select(number => sqlite.Storage.Write($"{number}", $"state {number}"))];
        await Task.WhenAll(writes);

        Assert.Equal(256 / 64, sqlite.Database.CommittedTransactions - before);
        Assert.Equal("state 255", await sqlite.Storage.ReadText("255"));
    }

    [Fact]
    public async Task A_group_is_no_larger_than_the_option_says()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("group.db"), options => options.MaximumWritesPerTransaction = 1);
        await sqlite.Storage.Write("first", "opens the file");

        Task<GrainState<string>>[] writes;
        using (new LockedDatabase(sqlite))
            writes = [.. Enumerable.Range(0, 10).Select(number => sqlite.Storage.Write($"{number}", "state"))];
        await Task.WhenAll(writes);

        Assert.Equal(1 + 10, sqlite.Database.CommittedTransactions);
    }

    [Fact]
    public async Task A_stale_ETag_fails_its_own_write_and_no_other_of_the_group()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("group.db"));
        var first = await sqlite.Storage.Write("a", "first");
        var second = await sqlite.Storage.Write("a", "second", first.ETag);
        var before = sqlite.Database.CommittedTransactions;

        Task<GrainState<string>> stale, creating, unseen, good;
        using (new LockedDatabase(sqlite))
        {
            stale = sqlite.Storage.Write("a", "stale", first.ETag);
            creating = sqlite.Storage.Write("a", "creating", etag: null);
            unseen = sqlite.Storage.Write("b", "unseen", "an-etag-that-never-was");
            good = sqlite.Storage.Write("c", "good");
        }

        var rejection = await Assert.ThrowsAsync<InconsistentStateException>(() => stale);
        Assert.Equal((second.ETag, first.ETag), (rejection.StoredEtag, rejection.CurrentEtag));
        rejection = await Assert.ThrowsAsync<InconsistentStateException>(() => creating);
        Assert.Equal((second.ETag, null), (rejection.StoredEtag, rejection.CurrentEtag));
        rejection = await Assert.ThrowsAsync<InconsistentStateException>(() => unseen);
        Assert.Equal((null, "an-etag-that-never-was"), (rejection.StoredEtag, rejection.CurrentEtag));
        await good;
        Assert.Equal(1, sqlite.Database.CommittedTransactions - before);
        Assert.Equal(["second", null, "good"], [await sqlite.Storage.ReadText("a"), await sqlite.Storage.ReadText("b"), await sqlite.Storage.ReadText("c")]);
    }

    [Fact]
    public async Task Two_writes_of_one_record_in_one_group_are_judged_in_order()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("group.db"));
        await sqlite.Storage.Write("first", "opens the file");

        Task<GrainState<string>> winner, loser;
        using (new LockedDatabase(sqlite))
        {
            winner = sqlite.Storage.Write("a", "winner");
            loser = sqlite.Storage.Write("a", "loser");
        }

        var stored = await winner;
        var rejection = await Assert.ThrowsAsync<InconsistentStateException>(() => loser);
        Assert.Equal(stored.ETag, rejection.StoredEtag);
        Assert.Equal("winner", await sqlite.Storage.ReadText("a"));
    }

    [Fact]
    public async Task A_write_cancelled_while_it_waits_is_not_made()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("group.db"));
        await sqlite.Storage.Write("first", "opens the file");
        using var cancellation = new CancellationTokenSource();

        Task cancelled, other;
        var held = new GrainState<string>("cancelled");
        using (new LockedDatabase(sqlite))
        {
            cancelled = sqlite.Storage.WriteStateAsync("state", StorageOperations.Grain("a"), held, cancellation.Token);
            other = sqlite.Storage.Write("b", "other");
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }

        await other;
        Assert.Null(held.ETag);
        Assert.Equal([null, "other"], [await sqlite.Storage.ReadText("a"), await sqlite.Storage.ReadText("b")]);
    }

    [Fact]
    public async Task Reads_go_on_while_a_write_waits_for_the_lock()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("group.db"));
        var held = await sqlite.Storage.Write("a", "before");
        Task<GrainState<string>> waiting;
        using (new LockedDatabase(sqlite))
        {
            waiting = sqlite.Storage.Write("a", "after", held.ETag);
            Assert.Equal("before", await sqlite.Storage.ReadText("a"));
            Assert.False(waiting.IsCompleted);
        }

        await waiting;
        Assert.Equal("after", await sqlite.Storage.ReadText("a"));
    }

    [Fact]
    public async Task The_log_is_written_ahead_and_synced_at_each_commit()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("group.db"));
        await sqlite.Storage.Write("a", "opens the file");
        using var connection = DatabaseFile.OpenForWriting(sqlite.Database.Settings);
        Assert.Equal("wal", connection.QueryScalar("PRAGMA journal_mode"));
        Assert.Equal(2, connection.QueryInteger("PRAGMA synchronous")); // FULL
    }
}
