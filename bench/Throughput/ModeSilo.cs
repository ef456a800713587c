using System.Net;
using System.Net.Sockets;
using Checkpointing.Bench.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Bench.Throughput;

/// <summary>The silo of one mode, in this process. It has only what its mode needs.</summary>
internal sealed class ModeSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private ModeSilo(ThroughputMode mode, IHost host)
    {
        Mode = mode;
        _host = host;
    }

    public ThroughputMode Mode { get; }

    public IGrainFactory Grains => _host.Services.GetRequiredService<IClusterClient>();

    public static async Task<ModeSilo> Start(ThroughputMode mode, string dataFolder, CancellationToken cancellationToken)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Error);
        builder.UseOrleans(silo => Configure(silo, mode, Path.Combine(dataFolder, $"{mode.Name}.db")));
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        return new ModeSilo(mode, host);
    }

    /// <summary>The sum of all balances, and how often they were changed.</summary>
    public async Task<(long Cents, long Changes)> Audit(int accounts)
    {
        var type = GrainType.Create(Mode.AccountType);
        var all = await Task.WhenAll(Enumerable.Range(0, accounts).Select(number => Grains.GetGrain<IAccountGrain>(BenchGrains.Id(type, number)).Read()));
        return (all.Sum(account => account.Cents), all.Sum(account => account.Changes));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static void Configure(ISiloBuilder silo, ThroughputMode mode, string storeFile)
    {
        var (siloPort, gatewayPort) = FreePorts();
        silo.UseLocalhostClustering(siloPort, gatewayPort, serviceId: mode.Name, clusterId: mode.Name);
        if (mode.HasStore)
            silo.AddSqliteGrainStorage(PersistedGrains.Store, options => options.DataSource = storeFile);

        if (mode.HasCheckpointing)
        {
            silo.AddCheckpointing(options =>
            {
                options.StorageName = PersistedGrains.Store;

                // Rounds are asked for by the run, so that a mode that is not being measured does nothing.
                options.CheckpointInterval = null;
            });
        }
    }

    private static (int Silo, int Gateway) FreePorts()
    {
        using var silo = new TcpListener(IPAddress.Loopback, 0);
        using var gateway = new TcpListener(IPAddress.Loopback, 0);
        silo.Start();
        gateway.Start();
        return (((IPEndPoint)silo.LocalEndpoint).Port, ((IPEndPoint)gateway.LocalEndpoint).Port);
    }
}
