using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>A cluster whose coordinator is on one silo, and whose other silos can be lost.</summary>
internal sealed class RecoveryCluster : IAsyncDisposable
{
    private readonly List<SiloAddress> _others;

    private RecoveryCluster(OutcomeCluster outcomes, List<SiloAddress> others)
    {
        Outcomes = outcomes;
        _others = others;
    }

    public OutcomeCluster Outcomes { get; }

    /// <summary>How many grains have rolled back.</summary>
    public int RolledBack => Outcomes.Log.All.Count(line => line.Text.Contains("rolled back to its permanent checkpoint", StringComparison.Ordinal));

    public static async Task<RecoveryCluster> Start(short silos = 3)
    {
        var outcomes = await OutcomeCluster.Start(silos);
        await outcomes.CheckpointAll();
        var coordinator = await outcomes.SiloOf(outcomes.Coordinator);
        return new RecoveryCluster(outcomes, [.. outcomes.Silos.Silos.Select(silo => silo.SiloAddress).Where(silo => !silo.Equals(coordinator))]);
    }

    /// <summary>A new grain, active on the first, second, … of the silos without the coordinator.</summary>
    public async Task<T> On<T>(int silo, string name)
        where T : IProbeGrain
    {
        var grain = Outcomes.New<T>(name);
        await Placed.On(_others[silo], grain.GetNothing);
        return grain;
    }

    /// <summary>That silo dies. Returns when all others know.</summary>
    public async Task Lose(int silo)
    {
        var lost = _others[silo];
        var survivors = Outcomes.Silos.Silos.Where(handle => !handle.SiloAddress.Equals(lost)).ToList();
        await Outcomes.Silos.KillSiloAsync(SiloOf(silo), TestContext.Current.CancellationToken);
        await Eventually.Holds(() => Outcomes.Log.All.Count(line => line.Text.StartsWith($"Silo {lost} is gone", StringComparison.Ordinal)) >= survivors.Count);
    }

    public InProcessSiloHandle SiloOf(int silo) => Outcomes.Silos.Silos.Single(handle => handle.SiloAddress.Equals(_others[silo]));

    /// <summary>Until nobody has anything left to report or to answer.</summary>
    public Task UntilRecovered() =>
        Eventually.Holds(async () => !await Outcomes.Coordinator.IsRecovering(TestContext.Current.CancellationToken).WithTimeLimit());

    public ValueTask DisposeAsync() => Outcomes.DisposeAsync();
}
