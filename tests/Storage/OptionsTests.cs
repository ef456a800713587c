using Checkpointing.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Serialization;
using Orleans.Storage;

namespace Checkpointing.Storage.Tests;

public sealed class OptionsTests
{
    private static readonly Dictionary<string, Action<SqliteGrainStorageOptions>> Mistakes = new()
    {
        ["DataSource is missing"] = options => options.DataSource = "",
        ["DataSource is null"] = options => options.DataSource = null!,
        ["DataSource is in memory"] = options => options.DataSource = ":memory:",
        ["DataSource is a URI"] = options => options.DataSource = "file:checkpoints.db",
        ["DataSource is a directory"] = options => options.DataSource = Path.GetTempPath(),
        ["DataSource has a null character"] = options => options.DataSource = "a\0b.db",
        ["KeySpace is blank"] = options => options.KeySpace = " ",
        ["MaximumWritesPerTransaction is too small"] = options => options.MaximumWritesPerTransaction = 0,
        ["MaximumWritesPerTransaction is too large"] = options => options.MaximumWritesPerTransaction = 10_001,
        ["BusyTimeout is negative"] = options => options.BusyTimeout = TimeSpan.FromTicks(-1),
        ["BusyTimeout is too long"] = options => options.BusyTimeout = TimeSpan.FromMinutes(6),
        ["MaximumConcurrentReads is too small"] = options => options.MaximumConcurrentReads = 0,
        ["MaximumConcurrentReads is too large"] = options => options.MaximumConcurrentReads = 257,
        ["MaximumFileSize is too small"] = options => options.MaximumFileSize = 65_535,
    };

    public static IEnumerable<TheoryDataRow<string>> AllMistakes => Mistakes.Keys.Select(mistake => new TheoryDataRow<string>(mistake));

    [Theory, MemberData(nameof(AllMistakes))]
    public void A_mistake_is_named_with_its_option_and_provider(string mistake)
    {
        using var directory = new TemporaryDirectory();
        var services = new ServiceCollection().AddLogging();
        services.AddSerializer();
        services.AddSqliteGrainStorage("checkpoints", options =>
        {
            options.DataSource = directory.File("checkpoints.db");
            Mistakes[mistake](options);
        });
        using var provider = services.BuildServiceProvider();
        var validator = Assert.Single(provider.GetServices<IConfigurationValidator>());
        var fault = Assert.Throws<OrleansConfigurationException>(validator.ValidateConfiguration);
        Assert.Contains("'checkpoints'", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"SqliteGrainStorageOptions.{mistake.Split(' ')[0]} ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_with_a_mistake_does_not_start()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => silo.UseLocalhostClustering().AddSqliteGrainStorage("checkpoints", options => options.DataSource = ""));
        var fault = await Assert.ThrowsAsync<OrleansConfigurationException>(async () =>
        {
            using var host = builder.Build();
            await host.StartAsync(TestContext.Current.CancellationToken);
        });
        Assert.Contains("'checkpoints'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_default_provider_is_found_without_a_name()
    {
        using var directory = new TemporaryDirectory();
        var services = new ServiceCollection().AddLogging();
        services.AddSerializer();
        services.AddSqliteGrainStorageAsDefault(options => options.DataSource = directory.File("default.db"));
        await using var provider = services.BuildServiceProvider();
        var storage = provider.GetRequiredService<IGrainStorage>();
        await storage.Write("a", "stored");
        Assert.Equal("stored", await storage.ReadText("a"));
    }

    [Fact]
    public async Task The_serializer_of_the_options_is_used()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("serializer.db"), options => options.GrainStorageSerializer = new EmptyBytes());
        await sqlite.Storage.Write("a", "becomes no bytes at all");
        var read = await sqlite.Storage.Read<string>("a");
        Assert.Equal((true, "from 0 bytes"), (read.RecordExists, read.State));
    }

    [Fact]
    public async Task A_record_of_another_type_is_reported_and_left()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("types.db");
        await using var sqlite = new SqliteTestStorage(path);
        await sqlite.Storage.Write("a", "a string");
        var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.Read<TestKit.ConformanceState>("a"));
        Assert.Equal((SqliteStorageFailure.UnreadableRecord, path, StorageOperations.Grain("a")), (fault.Failure, fault.DataSource, fault.GrainId));
        Assert.Equal("a string", await sqlite.Storage.ReadText("a"));
    }

    [Fact]
    public async Task A_state_that_no_record_can_hold_is_refused_before_it_is_queued()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("large.db"), options => options.GrainStorageSerializer = new TooManyBytes());
        var fault = await Assert.ThrowsAsync<SqliteGrainStorageException>(() => sqlite.Storage.Write("a", "a gigabyte"));
        Assert.Equal((SqliteStorageFailure.RecordTooLarge, false), (fault.Failure, fault.WriteMayBeDurable));
    }

    private sealed class EmptyBytes : IGrainStorageSerializer
    {
        public BinaryData Serialize<T>(T? input) => new(ReadOnlyMemory<byte>.Empty);

        public T Deserialize<T>(BinaryData input) => (T)(object)$"from {input.ToMemory().Length} bytes";
    }

    private sealed class TooManyBytes : IGrainStorageSerializer
    {
        // Address space only: the pages are never touched.
        public BinaryData Serialize<T>(T? input) => new(GC.AllocateUninitializedArray<byte>(SqliteGrainStorage.LargestState + 1).AsMemory());

        public T Deserialize<T>(BinaryData input) => throw new NotSupportedException();
    }
}
