using Checkpointing.Cluster.Tests.Kit;
using Orleans.TestingHost;

[assembly: AssemblyFixture(typeof(CheckpointedCluster))]

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>Two silos with the call path, memory streams and reminders, and a client that knows nothing of it.</summary>
public class CheckpointedCluster : IAsyncLifetime
{
    private static long _names;

    private TestCluster? _cluster;

    public TestCluster Cluster => _cluster ??= Build();

    public IClusterClient Client => (IClusterClient)Cluster.Client;

    public async ValueTask InitializeAsync() => await Cluster.DeployAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Cluster.StopAllSilosAsync();
        await Cluster.DisposeAsync();
    }

    /// <summary>A new grain, active on the first or the second silo.</summary>
    public async Task<T> New<T>(int silo = 0, string name = "g")
        where T : IProbeGrain
    {
        var grain = Client.GetGrain<T>($"{name}-{Interlocked.Increment(ref _names)}");
        await Placed.On(Cluster.Silos[silo].SiloAddress, grain.GetNothing);
        return grain;
    }

    /// <summary>Two participants p and q, on one silo or on two.</summary>
    internal async Task<(IParticipantGrain P, IParticipantGrain Q)> Pair(bool acrossSilos)
    {
        var p = await New<IParticipantGrain>(0, "p");
        var q = await New<IParticipantGrain>(acrossSilos ? 1 : 0, "q");
        Assert.Equal(acrossSilos, !Live.Of(p).Context.Address.SiloAddress!.Equals(Live.Of(q).Context.Address.SiloAddress));
        return (p, q);
    }

    protected virtual void Configure(TestClusterBuilder builder) => builder.AddSiloBuilderConfigurator<Silo>();

    private TestCluster Build()
    {
        var builder = new TestClusterBuilder(2);
        Configure(builder);
        return builder.Build();
    }

    private sealed class Silo : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder)
        {
            siloBuilder.RemembersFewGrains();
            siloBuilder.AddMemoryGrainStorage("checkpoints");
            siloBuilder.AddCheckpointing(options =>
            {
                options.StorageName = "checkpoints";
                options.CheckpointInterval = null;
            });
            siloBuilder.AddMemoryStreams("streams").AddMemoryGrainStorage("PubSubStore").UseInMemoryReminderService();
            siloBuilder.AddGrainExtension<IProbeExtension, ProbeExtension>();
            siloBuilder.Configure<ReminderOptions>(options => options.MinimumReminderPeriod = TimeSpan.FromSeconds(1));
        }
    }
}
