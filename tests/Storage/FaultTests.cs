using Checkpointing.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Checkpointing.Storage.Tests;

/// <summary>Files that cannot be used: one clear exception each, and the file is left as it is.</summary>
public sealed class FaultTests
{
    [Fact]
    public async Task A_text_file_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("notes.db"), string.Concat(Enumerable.Repeat("These are notes, not a database.\n", 200)), TestContext.Current.CancellationToken);
        await IsRefused(directory, "notes.db", SqliteStorageFailure.NotADatabase);
    }

    [Theory, InlineData("DELETE"), InlineData("WAL")]
    public async Task A_database_of_another_application_is_refused(string journalMode)
    {
        using var directory = new TemporaryDirectory();
        Execute(directory.File("other.db"), $"PRAGMA journal_mode = {journalMode}", "CREATE TABLE record (id INTEGER PRIMARY KEY)");
        await IsRefused(directory, "other.db", SqliteStorageFailure.ForeignDatabase);
    }

    [Fact]
    public async Task A_database_that_another_application_left_with_an_unmerged_log_is_refused_and_not_merged()
    {
        using var directory = new TemporaryDirectory();
        using var origin = new TemporaryDirectory();
        using (var open = Open(origin.File("other.db")))
        {
            Execute(open, "PRAGMA journal_mode = WAL", "CREATE TABLE theirs (id INTEGER PRIMARY KEY)");
            File.Copy(origin.File("other.db"), directory.File("other.db"));
            File.Copy(origin.File("other.db-wal"), directory.File("other.db-wal"));
        }

        await IsRefused(directory, "other.db", SqliteStorageFailure.ForeignDatabase);
    }

    [Fact]
    public async Task A_file_of_a_later_version_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await CreateWithRecords(directory.File("later.db"), 1);
        Execute(directory.File("later.db"), $"PRAGMA user_version = {DatabaseFile.SchemaVersion + 1}");
        await IsRefused(directory, "later.db", SqliteStorageFailure.NewerSchema);
    }

    [Fact]
    public async Task A_file_with_a_destroyed_header_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await CreateWithRecords(directory.File("damaged.db"), 100);
        Overwrite(directory.File("damaged.db"), from: 0, count: 64);
        await IsRefused(directory, "damaged.db", SqliteStorageFailure.NotADatabase);
    }

    [Fact]
    public async Task A_file_with_a_damaged_schema_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await CreateWithRecords(directory.File("damaged.db"), 100);
        Overwrite(directory.File("damaged.db"), from: 100, count: 3900);
        await IsRefused(directory, "damaged.db", SqliteStorageFailure.Corrupt);
    }

    [Fact]
    public async Task A_file_whose_record_table_is_missing_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await CreateWithRecords(directory.File("damaged.db"), 1);
        Execute(directory.File("damaged.db"), "DROP TABLE record");
        await IsRefused(directory, "damaged.db", SqliteStorageFailure.Corrupt);
    }

    [Fact]
    public async Task Reads_and_writes_that_meet_damaged_pages_fail_and_leave_the_file()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("damaged.db");
        await CreateWithRecords(path, 400);
        var half = new FileInfo(path).Length / 2 / 4096 * 4096;
        Overwrite(path, from: half, count: (int)half);
        var before = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);

        await using (var sqlite = new SqliteTestStorage(path))
        {
            List<string> damaged = [];
            for (var number = 0; number < 400; number++)
            {
                var key = $"{number}";
                try
                {
                    Assert.Equal(new string('x', 100), await sqlite.Storage.ReadText(key));
                }
                catch (SqliteGrainStorageException fault)
                {
                    Assert.Equal((SqliteStorageFailure.Corrupt, path, "state", StorageOperations.Grain(key)), (fault.Failure, fault.DataSource, fault.StateName, fault.GrainId));
                    Assert.Equal(11, fault.SqliteExtendedErrorCode & 0xFF); // SQLITE_CORRUPT
                    damaged.Add(key);
                }
            }

            Assert.NotEmpty(damaged);
            var writeFault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.Write(damaged[0], "over damaged pages"));
            Assert.Equal((SqliteStorageFailure.Corrupt, false), (writeFault.Failure, writeFault.WriteMayBeDurable));
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_truncated_file_is_refused()
    {
        using var directory = new TemporaryDirectory();
        await CreateWithRecords(directory.File("cut.db"), 400);
        using (var file = File.OpenWrite(directory.File("cut.db")))
            file.SetLength(2 * 4096);
        await IsRefused(directory, "cut.db", SqliteStorageFailure.Corrupt);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_created_is_reported()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("a-file"), "in the way", TestContext.Current.CancellationToken);
        await using var sqlite = new SqliteTestStorage(Path.Combine(directory.Path, "a-file", "checkpoints.db"));
        var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.ReadText("a"));
        Assert.Equal(SqliteStorageFailure.NotWritable, fault.Failure);
        Assert.Contains(Path.Combine(directory.Path, "a-file"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_directories_are_created()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(Path.Combine(directory.Path, "not", "yet", "there", "checkpoints.db"));
        await sqlite.Storage.Write("a", "stored");
        Assert.Equal("stored", await sqlite.Storage.ReadText("a"));
    }

    [Fact]
    public async Task A_refused_file_can_be_used_once_it_is_put_right()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("notes.db"), "These are notes.", TestContext.Current.CancellationToken);
        await using var sqlite = new SqliteTestStorage(directory.File("notes.db"));
        await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.ReadText("a"));
        File.Delete(directory.File("notes.db"));
        await sqlite.Storage.Write("a", "stored");
    }

    [Fact]
    public void A_fault_keeps_its_data_on_the_way_to_another_silo()
    {
        using var services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        var serializer = services.GetRequiredService<Serializer>();
        var sent = new SqliteGrainStorageException(SqliteStorageFailure.DiskFull, "/data/checkpoints.db", "The disk is full.", new IOException("cause"))
        {
            StateName = "state",
            GrainId = StorageOperations.Grain("7"),
            WriteMayBeDurable = true,
            SqliteExtendedErrorCode = 13,
        };
        var received = serializer.Deserialize<SqliteGrainStorageException>(serializer.SerializeToArray(sent))!;
        Assert.Equal(
            (sent.Message, sent.Failure, sent.DataSource, sent.StateName, sent.GrainId, sent.WriteMayBeDurable, sent.SqliteExtendedErrorCode),
            (received.Message, received.Failure, received.DataSource, received.StateName, received.GrainId, received.WriteMayBeDurable, received.SqliteExtendedErrorCode));
        Assert.Equal("cause", received.InnerException?.Message);
    }

    private static async Task IsRefused(TemporaryDirectory directory, string name, SqliteStorageFailure expected)
    {
        var before = await Contents(directory);
        await using (var sqlite = new SqliteTestStorage(directory.File(name)))
        {
            var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.Write("a", "must not be stored"));
            Assert.Equal((expected, directory.File(name)), (fault.Failure, fault.DataSource));
            Assert.Contains(directory.File(name), fault.Message, StringComparison.Ordinal);
            Assert.Contains("The file was left as it is.", fault.Message, StringComparison.Ordinal);
        }

        var after = await Contents(directory);
        foreach (var (file, bytes) in before)
            Assert.Equal(bytes, after[file]);
    }

    private static async Task<Dictionary<string, byte[]>> Contents(TemporaryDirectory directory)
    {
        Dictionary<string, byte[]> contents = [];
        foreach (var file in Directory.GetFiles(directory.Path))
            contents[file] = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        return contents;
    }

    private static async Task CreateWithRecords(string path, int count)
    {
        await using var sqlite = new SqliteTestStorage(path);
        await Task.WhenAll(Enumerable.Range(0, count).Select(number => sqlite.Storage.Write($"{number}", new string('x', 100))));
    }

    private static void Overwrite(string path, long from, int count)
    {
        using var file = File.OpenWrite(path);
        file.Position = from;
        file.Write(Enumerable.Repeat((byte)0xA5, count).ToArray());
    }

    private static void Execute(string path, params string[] statements)
    {
        using var connection = Open(path);
        Execute(connection, statements);
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, params string[] statements)
    {
        foreach (var statement in statements)
            connection.QueryScalar(statement);
    }
}
