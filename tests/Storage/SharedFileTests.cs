using Checkpointing.Storage.Sqlite;
using Orleans.Storage;

namespace Checkpointing.Storage.Tests;

public sealed class SharedFileTests
{
    [Fact]
    public async Task Providers_of_one_silo_share_the_writer_of_a_file_but_not_their_records()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = SqliteTestStorage.WithProviders(directory.File("shared.db"), ("p", null), ("q", null));
        await sqlite.Named("p").Write("a", "of p");
        await sqlite.Named("q").Write("a", "of q");
        Assert.Equal(("of p", "of q"), (await sqlite.Named("p").ReadText("a"), await sqlite.Named("q").ReadText("a")));
        Assert.Same(Database(sqlite, "p"), Database(sqlite, "q"));
    }

    [Fact]
    public async Task A_renamed_provider_finds_its_records_by_its_key_space()
    {
        using var directory = new TemporaryDirectory();
        await using (var sqlite = SqliteTestStorage.WithProviders(directory.File("shared.db"), ("old", null)))
            await sqlite.Named("old").Write("a", "written under the old name");
        await using (var sqlite = SqliteTestStorage.WithProviders(directory.File("shared.db"), ("new", options => options.KeySpace = "old")))
            Assert.Equal("written under the old name", await sqlite.Named("new").ReadText("a"));
    }

    [Fact]
    public async Task Providers_that_share_a_file_with_different_settings_are_refused()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = SqliteTestStorage.WithProviders(directory.File("shared.db"), ("p", null), ("q", options => options.BusyTimeout = TimeSpan.FromSeconds(1)));
        await sqlite.Named("p").Write("a", "of p");
        var fault = await Assert.ThrowsAsync<OrleansConfigurationException>(() => sqlite.Named("q").Write("a", "of q"));
        Assert.Contains("'q'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("BusyTimeout", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_file_stays_open_until_its_last_provider_is_closed()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = SqliteTestStorage.WithProviders(directory.File("shared.db"), ("p", null), ("q", null));
        await sqlite.Named("p").Write("a", "of p");
        await sqlite.Named("q").Write("a", "of q");
        ((IDisposable)sqlite.Named("p")).Dispose();
        Assert.Equal("of q", await sqlite.Named("q").ReadText("a"));
        await sqlite.Named("q").Write("b", "after p was closed");
    }

    [Fact]
    public async Task Two_silos_in_one_process_take_turns_on_one_record_of_one_file()
    {
        const int increments = 25;
        using var directory = new TemporaryDirectory();
        await using var p = new SqliteTestStorage(directory.File("shared.db"));
        await using var q = new SqliteTestStorage(directory.File("shared.db"));
        await Task.WhenAll(Increment(p.Storage, increments), Increment(q.Storage, increments));
        Assert.Equal("50", await p.Storage.ReadText("counter"));
        Assert.NotSame(p.Database, q.Database);
    }

    [Fact]
    public async Task Many_silos_that_create_one_file_at_the_same_time_agree_on_it()
    {
        using var directory = new TemporaryDirectory();
        for (var file = 0; file < 3; file++)
        {
            var silos = Enumerable.Range(0, 4).Select(_ => new SqliteTestStorage(directory.File($"{file}.db"))).ToArray();
            await Task.WhenAll(silos.Select((silo, number) => Task.Run(() => silo.Storage.Write($"{number}", $"silo {number}"))));
            foreach (var number in Enumerable.Range(0, silos.Length))
                Assert.Equal($"silo {number}", await silos[0].Storage.ReadText($"{number}"));
            await Task.WhenAll(silos.Select(silo => silo.DisposeAsync().AsTask()));
        }
    }

    [Fact]
    public async Task Records_and_ETags_outlive_the_provider()
    {
        using var directory = new TemporaryDirectory();
        GrainState<string> held;
        await using (var sqlite = new SqliteTestStorage(directory.File("shared.db")))
            held = await sqlite.Storage.Write("a", "first");
        await using (var sqlite = new SqliteTestStorage(directory.File("shared.db")))
        {
            await sqlite.Storage.Write("a", "second", held.ETag);
            Assert.Equal("second", await sqlite.Storage.ReadText("a"));
        }

        // The last to close merges the log: what is left is one file.
        Assert.Equal([directory.File("shared.db")], Directory.GetFiles(directory.Path));
    }

    private static SqliteDatabase? Database(SqliteTestStorage sqlite, string name) => ((SqliteGrainStorage)sqlite.Named(name)).Database;

    private static Task Increment(IGrainStorage storage, int times) => Task.Run(async () =>
    {
        for (var done = 0; done < times;)
        {
            var held = await storage.Read<string>("counter");
            var next = int.Parse(held.State ?? "0", System.Globalization.CultureInfo.InvariantCulture) + 1;
            try
            {
                await storage.Write("counter", $"{next}", held.ETag);
                done++;
            }
            catch (InconsistentStateException)
            {
                // The other was faster: read again.
            }
        }
    });
}
