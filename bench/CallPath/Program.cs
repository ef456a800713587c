using System.Diagnostics;
using Checkpointing.CallPath.Bench;
using Checkpointing.Runtime.Calls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// Bytes and processor time of a two-account transfer in one silo: bare Orleans; the library, grains without checkpointed state (relays);
// the library, participants, and the same when every activation is watched for lost contexts. One run, the cases in turn, the median of the rounds.
const int Warmup = 20_000, PerRound = 20_000, Rounds = 7;

using var bare = await Start(11_301, _ => { });
using var labelled = await Start(11_302, AddCheckpoints);
using var watched = await Start(11_303, silo =>
{
    AddCheckpoints(silo);
    silo.Configure<CallPathOptions>(options => options.ActivationsPerWatchedOne = 1);
});
var cases = new (string Name, Func<Task> Transfer)[]
{
    ("bare", TransferOf<IBareTeller, IBareAccount>(bare)),
    ("relays", TransferOf<IBareTeller, IBareAccount>(labelled)),
    ("participants", TransferOf<ILabelledTeller, ILabelledAccount>(labelled)),
    ("participants, watched", TransferOf<ILabelledTeller, ILabelledAccount>(watched)),
};

// The first activation of a type is always watched; the grains that are measured are the next ones.
await labelled.Services.GetRequiredService<IGrainFactory>().GetGrain<ILabelledTeller>(0).Transfer(
    labelled.Services.GetRequiredService<IGrainFactory>().GetGrain<ILabelledAccount>(0),
    labelled.Services.GetRequiredService<IGrainFactory>().GetGrain<ILabelledAccount>(0),
    1);
foreach (var (_, transfer) in cases)
    await Repeat(transfer, Warmup);

var results = cases.ToDictionary(test => test.Name, _ => new List<(double Bytes, double Cpu, double Wall)>());
foreach (var (name, transfer) in Enumerable.Repeat(cases, Rounds).SelectMany(round => round))
{
    GC.Collect();
    var process = Process.GetCurrentProcess();
    var (bytes, cpu, wall) = (GC.GetTotalAllocatedBytes(precise: true), process.TotalProcessorTime, Stopwatch.GetTimestamp());
    await Repeat(transfer, PerRound);
    process.Refresh();
    results[name].Add((
        (GC.GetTotalAllocatedBytes(precise: true) - bytes) / (double)PerRound,
        (process.TotalProcessorTime - cpu).TotalMicroseconds / PerRound,
        Stopwatch.GetElapsedTime(wall).TotalMicroseconds / PerRound));
}

var reference = Median(results["bare"]);
Console.WriteLine("two-account transfer      bytes  ratio   cpu us  ratio  wall us  ratio");
foreach (var (name, rounds) in results)
{
    var (bytes, cpu, wall) = Median(rounds);
    Console.WriteLine(
        $"{name,-22} {bytes,8:F0} {bytes / reference.Bytes,6:F2} {cpu,8:F2} {cpu / reference.Cpu,6:F2} {wall,8:F2} {wall / reference.Wall,6:F2}");
}

await bare.StopAsync();
await labelled.StopAsync();
await watched.StopAsync();

static async Task Repeat(Func<Task> action, int times)
{
    for (var i = 0; i < times; i++)
        await action();
}

static (double Bytes, double Cpu, double Wall) Median(List<(double Bytes, double Cpu, double Wall)> rounds) =>
    (Middle(rounds.Select(r => r.Bytes)), Middle(rounds.Select(r => r.Cpu)), Middle(rounds.Select(r => r.Wall)));

static double Middle(IEnumerable<double> values)
{
    var sorted = values.Order().ToList();
    return sorted[sorted.Count / 2];
}

static Func<Task> TransferOf<TTeller, TAccount>(IHost host)
    where TTeller : ITeller
    where TAccount : IAccount
{
    var grains = host.Services.GetRequiredService<IGrainFactory>();
    var (teller, from, to) = (grains.GetGrain<TTeller>(1), grains.GetGrain<TAccount>(1), grains.GetGrain<TAccount>(2));
    return () => teller.Transfer(from, to, 1);
}

static void AddCheckpoints(ISiloBuilder silo) => silo.AddMemoryGrainStorage("checkpoints").AddCheckpointing(options =>
{
    options.StorageName = "checkpoints";
    options.CheckpointInterval = null;
});

static async Task<IHost> Start(int port, Action<ISiloBuilder> configure)
{
    var host = Host.CreateDefaultBuilder()
        .ConfigureLogging(logging => logging.ClearProviders())
        .UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(port, port + 1_000, serviceId: $"bench-{port}", clusterId: $"bench-{port}");
            configure(silo);
        })
        .Build();
    await host.StartAsync();
    return host;
}
