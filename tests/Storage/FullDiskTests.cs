using System.Diagnostics;
using Checkpointing.Storage.Sqlite;
using Orleans.Storage;

namespace Checkpointing.Storage.Tests;

public sealed class FullDiskTests
{
    private const int SmallFile = 262_144;

    [Fact]
    public async Task On_a_full_disk_reads_go_on_and_writes_recover_when_space_returns()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("small.db"), options => options.MaximumFileSize = SmallFile);
        var (stored, fault) = await FillUp(sqlite.Storage, stateSize: 20_000);
        Assert.False(fault.WriteMayBeDurable);

        // Clearing makes room, without a restart.
        for (var number = 0; number < 3; number++)
            await sqlite.Storage.Clear($"{number}", stored[number]);
        await sqlite.Storage.Write("after", "stored");
        Assert.Equal("stored", await sqlite.Storage.ReadText("after"));
    }

    [Fact]
    public async Task On_a_file_system_without_room_reads_go_on_and_writes_recover_when_space_returns()
    {
        using var directory = new TemporaryDirectory();
        Assert.SkipUnless(OperatingSystem.IsLinux() && Run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", directory.Path), "Mounting a small file system needs root on Linux.");
        try
        {
            await File.WriteAllBytesAsync(directory.File("other-data"), new byte[1_000_000], TestContext.Current.CancellationToken);
            await using var sqlite = new SqliteTestStorage(directory.File("small.db"));
            var (_, fault) = await FillUp(sqlite.Storage, stateSize: 40_000);
            Assert.Equal(fault.WriteMayBeDurable, fault.Message.Contains("The commit itself failed", StringComparison.Ordinal));

            File.Delete(directory.File("other-data"));
            await sqlite.Storage.Write("after", "stored");
            Assert.Equal("stored", await sqlite.Storage.ReadText("after"));
        }
        finally
        {
            Assert.True(Run("umount", directory.Path));
        }
    }

    [Fact]
    public async Task A_write_that_does_not_fit_does_not_take_the_others_of_its_group_with_it()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("small.db"), options => options.MaximumFileSize = SmallFile);
        var held = await sqlite.Storage.Write("a", "first");

        Task<GrainState<string>> small, huge, stale, another;
        using (new LockedDatabase(sqlite))
        {
            small = sqlite.Storage.Write("a", "second", held.ETag);
            huge = sqlite.Storage.Write("huge", new string('x', 2 * SmallFile));
            stale = sqlite.Storage.Write("a", "stale", held.ETag);
            another = sqlite.Storage.Write("b", "another");
        }

        var stored = await small;
        await another;
        var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => huge);
        Assert.Equal((SqliteStorageFailure.DiskFull, false), (fault.Failure, fault.WriteMayBeDurable));
        Assert.Equal(stored.ETag, (await Assert.ThrowsAsync<InconsistentStateException>(() => stale)).StoredEtag);
        Assert.Equal(["second", null, "another"], [await sqlite.Storage.ReadText("a"), await sqlite.Storage.ReadText("huge"), await sqlite.Storage.ReadText("b")]);
    }

    [Fact]
    public async Task A_full_file_takes_writes_again_when_it_is_opened_with_a_larger_limit()
    {
        using var directory = new TemporaryDirectory();
        await using (var sqlite = new SqliteTestStorage(directory.File("small.db"), options => options.MaximumFileSize = SmallFile))
            await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.Write("huge", new string('x', 2 * SmallFile)));
        await using (var sqlite = new SqliteTestStorage(directory.File("small.db")))
            await sqlite.Storage.Write("huge", new string('x', 2 * SmallFile));
    }

    private static async Task<(List<GrainState<string>> Stored, SqliteGrainStorageException Fault)> FillUp(IGrainStorage storage, int stateSize)
    {
        List<GrainState<string>> stored = [];
        SqliteGrainStorageException? fault = null;
        while (fault is null)
        {
            var held = new GrainState<string>(new string((char)('a' + (stored.Count % 26)), stateSize));
            fault = await Attempt(storage, $"{stored.Count}", held);
            if (fault is null)
                stored.Add(held);
            else
                Assert.Equal((null, false), (held.ETag, held.RecordExists));
        }

        Assert.Equal(SqliteStorageFailure.DiskFull, fault.Failure);

        // Nothing of the failed write, all of the others.
        Assert.Null(await storage.ReadText($"{stored.Count}"));
        for (var number = 0; number < stored.Count; number++)
            Assert.Equal(stored[number].State, await storage.ReadText($"{number}"));
        return (stored, fault);
    }

    private static async Task<SqliteGrainStorageException?> Attempt(IGrainStorage storage, string key, GrainState<string> held)
    {
        try
        {
            await storage.WriteStateAsync("state", StorageOperations.Grain(key), held, TestContext.Current.CancellationToken);
            return null;
        }
        catch (SqliteGrainStorageException fault)
        {
            return fault;
        }
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
