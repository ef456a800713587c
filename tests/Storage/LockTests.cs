using Checkpointing.Storage.Sqlite;

namespace Checkpointing.Storage.Tests;

public sealed class LockTests
{
    [Fact]
    public async Task A_write_that_waits_longer_than_the_busy_timeout_fails_and_is_not_made()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("locked.db"), options => options.BusyTimeout = TimeSpan.FromMilliseconds(50));
        var held = await sqlite.Storage.Write("a", "before");
        using (new LockedDatabase(sqlite))
        {
            var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.Write("a", "during", held.ETag));
            Assert.Equal((SqliteStorageFailure.Locked, false, StorageOperations.Grain("a")), (fault.Failure, fault.WriteMayBeDurable, fault.GrainId));
            Assert.Contains("BusyTimeout", fault.Message, StringComparison.Ordinal);
            Assert.Equal("before", await sqlite.Storage.ReadText("a"));
        }

        await sqlite.Storage.Write("a", "after", held.ETag);
        Assert.Equal("after", await sqlite.Storage.ReadText("a"));
    }

    [Fact]
    public async Task A_file_that_stays_locked_while_it_is_created_is_reported()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("locked.db"), options => options.BusyTimeout = TimeSpan.FromMilliseconds(50));
        using (new LockedDatabase(directory.File("locked.db")))
        {
            var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.ReadText("a"));
            Assert.Equal(SqliteStorageFailure.Locked, fault.Failure);
        }

        await sqlite.Storage.Write("a", "after");
    }

    [Fact]
    public async Task Closing_finishes_the_writes_that_wait()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("closing.db");
        Task[] writes;
        Task closing;
        await using (var sqlite = new SqliteTestStorage(path, options => options.MaximumWritesPerTransaction = 8))
        {
            await sqlite.Storage.Write("first", "opens the file");
            using (new LockedDatabase(path))
            {
                writes = [.. Enumerable.Range(0, 50).Select(number => sqlite.Storage.Write($"{number}", "stored"))];
                closing = Task.Run(() => sqlite.DisposeAsync().AsTask(), TestContext.Current.CancellationToken);
            }

            await Task.WhenAll(writes);
            await closing;
        }

        await using var reopened = new SqliteTestStorage(path);
        foreach (var number in Enumerable.Range(0, 50))
            Assert.Equal("stored", await reopened.Storage.ReadText($"{number}"));
    }

    [Fact]
    public async Task Closing_under_a_lock_that_stays_fails_the_writes_that_wait_and_does_not_hang()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("closing.db");
        Task<GrainState<string>>[] writes;
        await using (var sqlite = new SqliteTestStorage(path, options =>
        {
            options.MaximumWritesPerTransaction = 1;
            options.BusyTimeout = TimeSpan.FromMilliseconds(50);
        }))
        {
            await sqlite.Storage.Write("first", "opens the file");
            using (new LockedDatabase(path))
            {
                writes = [.. Enumerable.Range(0, 500).Select(number => sqlite.Storage.Write($"{number}", "never stored"))];
                await sqlite.DisposeAsync();
            }
        }

        foreach (var write in writes)
        {
            var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => write);
            Assert.Contains(fault.Failure, new[] { SqliteStorageFailure.Locked, SqliteStorageFailure.Closed });
            Assert.False(fault.WriteMayBeDurable);
        }

        Assert.Equal(SqliteStorageFailure.Closed, (await Assert.ThrowsAsync<SqliteGrainStorageException>(() => writes[^1])).Failure);
        await using var reopened = new SqliteTestStorage(path);
        Assert.Null(await reopened.Storage.ReadText("499"));
    }

    [Fact]
    public async Task A_silo_that_must_stop_now_refuses_the_writes_that_wait()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("closing.db"));
        await sqlite.Storage.Write("first", "opens the file");
        var database = sqlite.Database;
        using var stopNow = new CancellationTokenSource();
        await stopNow.CancelAsync();

        Task first, finishing;
        Task<GrainState<string>> second;
        using (new LockedDatabase(sqlite))
        {
            first = sqlite.Storage.Write("a", "the writer holds this one already, or not yet");
            second = sqlite.Storage.Write("b", "this one waits");
            finishing = Task.Run(() => database.FinishWrites(stopNow.Token), TestContext.Current.CancellationToken);
        }

        await finishing;
        await Task.WhenAny(first);
        await Task.WhenAny(second);
        Assert.True(first.IsCompleted && second.IsCompleted);
        var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.Write("c", "too late"));
        Assert.Equal((SqliteStorageFailure.Closed, false), (fault.Failure, fault.WriteMayBeDurable));
    }

    [Fact]
    public async Task A_closed_provider_says_so()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("closed.db"));
        var storage = sqlite.Storage;
        await storage.Write("a", "stored");
        await sqlite.DisposeAsync();
        Assert.Equal(SqliteStorageFailure.Closed, (await Assert.ThrowsAsync<SqliteGrainStorageException>(() => storage.Write("b", "too late"))).Failure);
        Assert.Equal(SqliteStorageFailure.Closed, (await Assert.ThrowsAsync<SqliteGrainStorageException>(() => storage.ReadText("a"))).Failure);
    }
}
