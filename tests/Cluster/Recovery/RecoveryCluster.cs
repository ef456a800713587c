using System.Collections.Immutable;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Participants;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Messaging;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>A cluster whose coordinator is on one silo, and whose other silos can be lost.</summary>
internal sealed class RecoveryCluster : IAsyncDisposable
{
    private readonly List<SiloAddress> _others;

    private ImmutableHashSet<SiloAddress> _lost = [];

    private RecoveryCluster(OutcomeCluster outcomes, RollbackWatch watch, SiloAddress coordinator)
    {
        Outcomes = outcomes;
        Watch = watch;
        CoordinatorsSilo = coordinator;
        _others = [.. outcomes.Silos.Silos.Select(silo => silo.SiloAddress).Where(silo => !silo.Equals(coordinator))];
    }

    public OutcomeCluster Outcomes { get; }

    /// <summary>What is said between coordinator, agents and participants, and may be held or lost.</summary>
    public RollbackWatch Watch { get; }

    public SiloAddress CoordinatorsSilo { get; }

    /// <summary>How many grains have rolled back.</summary>
    public int RolledBack => Logged("rolled back to its permanent checkpoint");

    /// <summary>How many messages of undone work were dropped.</summary>
    public int Dropped => Logged("A message was dropped");

    public static async Task<RecoveryCluster> Start(
        short silos = 3, bool filters = false, Action<CheckpointingOptions>? options = null, Action<ISiloBuilder>? configure = null, RecordStore? store = null,
        Func<bool>? isPlain = null)
    {
        var watch = new RollbackWatch();
        var outcomes = await OutcomeCluster.Start(
            silos,
            store,
            options: checkpointing =>
            {
                checkpointing.DecisionPollInterval = TimeSpan.FromMilliseconds(200);
                options?.Invoke(checkpointing);
            },
            configure: silo =>
            {
                if (filters)
                    silo.AddOutgoingGrainCallFilter(context => context.Invoke());

                silo.PutFirst(watch);
                configure?.Invoke(silo);
            },
            isPlain: isPlain);
        await outcomes.CheckpointAll();
        var cluster = new RecoveryCluster(outcomes, watch, await outcomes.SiloOf(outcomes.Coordinator));
        await cluster.UntilRecovered();
        return cluster;
    }

    public int Logged(string text) => Outcomes.Log.All.Count(line => line.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>A new grain, active on the first, second, … of the silos without the coordinator.</summary>
    public Task<T> On<T>(int silo, string name)
        where T : IProbeGrain
        => On<T>(_others[silo], name);

    public async Task<T> On<T>(SiloAddress silo, string name)
        where T : IProbeGrain
    {
        T grain = default!;
        await Eventually.Holds(async () =>
        {
            grain = Outcomes.New<T>(name);
            await Placed.On(silo, grain.GetNothing);

            // No grain is placed on a silo that has just joined before the others know what it hosts. Workers are in many places, and cannot be looked up.
            return grain is IWorkerGrain || silo.Equals(await Outcomes.SiloOf(grain));
        });
        return grain;
    }

    /// <summary>An orphan as soon as the second silo is lost: it has received an answer from there.</summary>
    public async Task<IParticipantGrain> OrphanToBe(int silo = 0, string name = "orphan")
    {
        var (orphan, x) = (await On<IParticipantGrain>(silo, name), await On<IParticipantGrain>(1, "x"));
        await orphan.Put(1, self => self.Own(x).Put(1));
        return orphan;
    }

    /// <summary>That silo dies. Returns when all others know that have the library.</summary>
    public Task Lose(int silo) => Lose(_others[silo]);

    public async Task Lose(SiloAddress lost)
    {
        ImmutableInterlocked.Update(ref _lost, all => all.Add(lost));
        var survivors = Outcomes.Silos.Silos.Count(handle => !_lost.Contains(handle.SiloAddress) && handle.ServiceProvider.GetService<ParticipantRegistry>() is not null);
        await Outcomes.Kill(SiloAt(lost));
        await Eventually.Holds(() => Outcomes.Log.All.Count(line => line.Text.StartsWith($"Silo {lost} is gone", StringComparison.Ordinal)) >= survivors);
    }

    public InProcessSiloHandle SiloOf(int silo) => SiloAt(_others[silo]);

    public InProcessSiloHandle SiloAt(SiloAddress address) => Outcomes.Silos.Silos.Single(handle => handle.SiloAddress.Equals(address));

    /// <summary>Reaches grains from within that silo.</summary>
    public IGrainFactory GrainsAt(SiloAddress address) => SiloAt(address).ServiceProvider.GetRequiredService<IGrainFactory>();

    /// <summary>The participant of a grain that is active on some silo.</summary>
    public ParticipantHost? TryHostOf(IAddressable grain) => Outcomes.Silos.Silos
        .Select(silo => silo.ServiceProvider.GetRequiredService<ParticipantRegistry>().TryGet(grain.GetGrainId(), out var host) ? host : null)
        .FirstOrDefault(host => host is not null);

    /// <summary>Until this grain has stopped and says that it is ready to roll back.</summary>
    public Task UntilReady(IAddressable grain) => Outcomes.Log.Until($"{grain.GetGrainId()} depends on work that was lost");

    public Task UntilRolledBack(IAddressable grain) => Outcomes.Log.Until($"{grain.GetGrainId()} rolled back to its permanent checkpoint");

    public async Task<bool> IsRecovering()
    {
        try
        {
            return await Outcomes.Coordinator.IsRecovering(TestContext.Current.CancellationToken).WithTimeLimit();
        }
        catch (Exception exception) when (exception is OrleansMessageRejectionException or ConnectionFailedException)
        {
            // The client's gateway or the coordinator was on the silo that was lost.
            Outcomes.Log.Note($"The coordinator could not be asked: {exception.Message}");
            return true;
        }
    }

    /// <summary>Until nobody has anything left to report or to answer.</summary>
    public Task UntilRecovered() => Eventually.Holds(async () => !await IsRecovering());

    public ValueTask DisposeAsync() => Outcomes.DisposeAsync();
}
