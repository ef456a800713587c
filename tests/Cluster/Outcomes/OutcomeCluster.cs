using Checkpointing.Cluster.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Silos with checkpoints on request only, over a <see cref="RecordStore"/> or another store that outlives them.</summary>
public sealed class OutcomeCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly PowerSwitch _power;
    private bool _isStopped;

    private OutcomeCluster(InProcessTestCluster cluster, PowerSwitch power, RecordStore store, LogLines log)
    {
        _cluster = cluster;
        _power = power;
        Store = store;
        Log = log;
    }

    public InProcessTestCluster Silos => _cluster;

    public IClusterClient Client => _cluster.Client;

    public RecordStore Store { get; }

    /// <summary>What the library has logged.</summary>
    public LogLines Log { get; }

    public ICheckpointCoordinatorGrain Coordinator => Client.GetCheckpointCoordinator();

    /// <summary>Starts silos. Clusters with the same store see the same records: they have the same ids.</summary>
    /// <param name="silos">How many.</param>
    /// <param name="store">Keeps the checkpoints, unless a file does.</param>
    /// <param name="file">An SQLite file that keeps the checkpoints.</param>
    /// <param name="options">Further settings.</param>
    /// <param name="configure">Further services.</param>
    /// <param name="isPlain">Whether the silo that is being started is one without the library.</param>
    public static async Task<OutcomeCluster> Start(
        short silos = 1, RecordStore? store = null, string? file = null, Action<CheckpointingOptions>? options = null, Action<ISiloBuilder>? configure = null,
        Func<bool>? isPlain = null)
    {
        store ??= new RecordStore();
        var (log, power) = (new LogLines(), new PowerSwitch());
        var builder = new InProcessTestClusterBuilder(silos);
        builder.Options.ServiceId = "outcomes";
        builder.Options.ClusterId = "outcomes";
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            if (isPlain?.Invoke() == true)
            {
                // Grains with checkpointed state could not be created there.
                silo.Configure<GrainTypeOptions>(types => types.Classes.RemoveWhere(type => type.Assembly == typeof(OutcomeCluster).Assembly));
                return;
            }

            if (file is not null)
                silo.AddSqliteGrainStorage("file", sqlite => sqlite.DataSource = file);

            silo.Services.AddSingleton<ILoggerProvider>(log);
            silo.Services.AddLogging(logging => logging.AddFilter("Checkpointing", LogLevel.Debug));
            silo.AddCheckpointsOnRequest(
                services => power.Before(file is null ? store : services.GetRequiredKeyedService<IGrainStorage>("file"), services),
                checkpointing =>
                {
                    checkpointing.MaxPause = TimeSpan.FromSeconds(4);
                    options?.Invoke(checkpointing);
                });
            configure?.Invoke(silo);
        });
        var cluster = new OutcomeCluster(builder.Build(), power, store, log);
        await cluster._cluster.DeployAsync();
        return cluster;
    }

    /// <summary>A grain that nobody has called yet.</summary>
    public T New<T>(string name = "g")
        where T : IGrainWithStringKey
        => Client.GetGrain<T>($"{name}-{Guid.NewGuid():N}");

    /// <summary>A participant whose permanent checkpoint has the sum 1.</summary>
    public async Task<IParticipantGrain> OnceCheckpointed()
    {
        var p = New<IParticipantGrain>();
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await Checkpoint(p)).Status);
        return p;
    }

    public Task<CheckpointResult> Checkpoint(IAddressable grain) =>
        Coordinator.Checkpoint(grain.GetGrainId(), TestContext.Current.CancellationToken).WithTimeLimit();

    public Task<CheckpointResult> CheckpointAll() => Coordinator.CheckpointAll(TestContext.Current.CancellationToken).WithTimeLimit();

    /// <summary>None of these has rolled back since the cluster started.</summary>
    public void AssertNobodyRolledBack(params IAddressable[] grains)
    {
        foreach (var grain in grains)
            Assert.DoesNotContain(Log.All, line => line.Text.StartsWith($"{grain.GetGrainId()} rolled back", StringComparison.Ordinal));
    }

    /// <summary>Where a grain is active.</summary>
    public async Task<SiloAddress> SiloOf(IAddressable grain) =>
        await Client.GetGrain<IManagementGrain>(0).GetActivationAddress(grain) ?? throw new InvalidOperationException($"{grain} is not active.");

    /// <summary>Stops everything on purpose, as a deployment does.</summary>
    public async Task Stop()
    {
        _isStopped = true;
        await _cluster.StopAllSilosAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>From now on nothing reaches the store.</summary>
    public void CutPower() => _power.IsOff = true;

    /// <summary>One silo dies: a kill is only a quick stop in the tests' process, so nothing that it still does reaches the store.</summary>
    public async Task Kill(InProcessSiloHandle silo)
    {
        _power.CutOff(silo.SiloAddress);
        Client.Leave(silo);
        await _cluster.KillSiloAsync(silo, TestContext.Current.CancellationToken);
    }

    /// <summary>One silo stops on purpose.</summary>
    public async Task Stop(InProcessSiloHandle silo)
    {
        await _cluster.StopSiloAsync(silo, TestContext.Current.CancellationToken);
        Client.Leave(silo);
    }

    /// <summary>Abandons everything as it is, as far as the store can see.</summary>
    public async Task Abandon()
    {
        CutPower();
        _isStopped = true;
        foreach (var silo in _cluster.Silos.ToArray())
            await _cluster.KillSiloAsync(silo, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
            await Abandon();

        await _cluster.DisposeAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(Log.ToString());
    }
}
