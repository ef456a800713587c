using System.Runtime.InteropServices;
using Checkpointing.Storage.Sqlite;

namespace Checkpointing.Storage.Tests;

public sealed partial class ReadOnlyTests
{
    private const uint Nobody = 65534;

    [Fact]
    public async Task A_read_only_file_is_refused()
    {
        using var directory = await WithOneRecord();
        Permit(directory.File("checkpoints.db"), UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await IsRefused(directory);
    }

    [Fact]
    public async Task A_file_in_a_read_only_directory_is_refused()
    {
        using var directory = await WithOneRecord();
        Permit(directory.File("checkpoints.db"), (UnixFileMode)0b110_110_110);
        Permit(directory.Path, (UnixFileMode)0b101_101_101);
        try
        {
            await IsRefused(directory);
        }
        finally
        {
            Permit(directory.Path, (UnixFileMode)0b111_111_111);
        }
    }

    private static async Task<TemporaryDirectory> WithOneRecord()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Uses Linux file permissions.");
        var directory = new TemporaryDirectory();
        Permit(directory.Path, (UnixFileMode)0b111_111_111);
        await using var sqlite = new SqliteTestStorage(directory.File("checkpoints.db"));
        await sqlite.Storage.Write("a", "stored");
        return directory;
    }

    private static async Task IsRefused(TemporaryDirectory directory)
    {
        var before = await File.ReadAllBytesAsync(directory.File("checkpoints.db"), TestContext.Current.CancellationToken);
        await using (var sqlite = new SqliteTestStorage(directory.File("checkpoints.db")))
        {
            var settings = DatabaseSettings.From(new SqliteGrainStorageOptions { DataSource = directory.File("checkpoints.db") });
            var fault = Assert.IsType<SqliteGrainStorageException>(WithoutRootsRights(() => DatabaseFile.OpenForWriting(settings).Dispose()));
            Assert.Equal((SqliteStorageFailure.NotWritable, directory.File("checkpoints.db")), (fault.Failure, fault.DataSource));
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(directory.File("checkpoints.db"), TestContext.Current.CancellationToken));
    }

    /// <summary>Root may write anywhere. On Linux a thread can give up that right for itself, for good.</summary>
    private static Exception? WithoutRootsRights(Action action)
    {
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            if (Environment.IsPrivilegedProcess)
                _ = SetFileSystemUser(Nobody);
            fault = Record.Exception(action);
        });
        thread.Start();
        thread.Join();
        return fault;
    }

    private static void Permit(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetFileSystemUser(uint user);
}
