using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Storage;

namespace Checkpointing.StorageWriter;

/// <summary>
/// A process that writes to a database until it has done its share, or is killed. It acknowledges each write on its
/// standard output after the storage has: "ack writer record version etag".
/// </summary>
internal static class Program
{
    private const int Records = 8;

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is not [var dataSource, var writer, var writesPerRecord])
        {
            await Console.Error.WriteLineAsync("usage: Checkpointing.StorageWriter <database file> <writer> <writes per record>");
            return 2;
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSerializer();
        services.AddSqliteGrainStorage("shared", options =>
        {
            options.DataSource = dataSource;
            options.BusyTimeout = TimeSpan.FromSeconds(30);
        });
        await using var provider = services.BuildServiceProvider();
        var storage = provider.GetRequiredKeyedService<IGrainStorage>("shared");
        var versions = int.Parse(writesPerRecord, System.Globalization.CultureInfo.InvariantCulture);
        await Task.WhenAll(Enumerable.Range(0, Records).Select(record => WriteVersions(storage, writer, record, versions)));
        return 0;
    }

    private static async Task WriteVersions(IGrainStorage storage, string writer, int record, int versions)
    {
        var grain = GrainId.Create("writer", $"{writer}-{record}");
        var held = new GrainState<string>();
        for (var version = 1; version <= versions; version++)
        {
            held.State = $"{version}";
            try
            {
                await storage.WriteStateAsync("state", grain, held);
            }
            catch (Exception fault)
            {
                // At once: the other records would go on and hide it.
                Environment.FailFast($"Writer {writer} failed at version {version} of record {record}.", fault);
            }


            // One call per line: a console write is not torn by the others.
            Console.Out.Write($"ack {writer} {record} {version} {held.ETag}\n");
        }
    }
}
