using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Participants;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core.Internal;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>Two silos whose checkpoints go to one storage in the test's process, before the eyes of a judge.</summary>
internal sealed class RoundsCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;

    private RoundsCluster(InProcessTestCluster cluster, RoundJudge judge, SharedStorage storage, ControlWatch watch)
    {
        _cluster = cluster;
        Judge = judge;
        Storage = storage;
        Watch = watch;
    }

    public RoundJudge Judge { get; }

    public SharedStorage Storage { get; }

    /// <summary>What travels between coordinator and participants, and may be held or changed.</summary>
    public ControlWatch Watch { get; }

    public IClusterClient Client => _cluster.Client;

    public ICheckpointCoordinatorGrain Coordinator => Client.GetCheckpointCoordinator();

    public IReadOnlyList<InProcessSiloHandle> Silos => _cluster.Silos;

    public static async Task<RoundsCluster> Start(
        Action<CheckpointingOptions>? options = null, Action<ISiloBuilder>? configure = null, short silos = 2, Action<IClientBuilder>? client = null)
    {
        var judge = new RoundJudge();
        var storage = new SharedStorage(judge);
        var watch = new ControlWatch();
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddCheckpointsOnRequest(storage.Of, options);
            configure?.Invoke(silo);
            silo.PutFirst(services => new ControlWatch.Filter(watch, services));
        });
        if (client is not null)
            builder.ConfigureClient(client);

        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new RoundsCluster(cluster, judge, storage, watch);
    }

    public IAccountGrain Account(int number) => Client.GetGrain<IAccountGrain>(Key(number));

    public static string Key(int number) => $"account-{number}";

    /// <summary>Asks the grain to move to this silo; it goes when it is idle.</summary>
    public Task Migrate(IBankGrain grain, int silo) =>
        Placed.On(Silos[silo].SiloAddress, () => grain.AsReference<IGrainManagementExtension>().MigrateOnIdle().AsTask());

    /// <summary>One silo dies: a kill is only a quick stop in the tests' process, so nothing that it still does reaches the storage.</summary>
    public Task Kill(InProcessSiloHandle silo)
    {
        Storage.CutOff(silo.SiloAddress);
        return _cluster.KillSiloAsync(silo, TestContext.Current.CancellationToken);
    }

    public Task StartSilo() => _cluster.StartAdditionalSiloAsync();

    /// <summary>The participant of a grain that is active on some silo.</summary>
    public ParticipantHost HostOf(GrainId grain) => TryHostOf(grain) ?? throw new InvalidOperationException($"{grain} is not active.");

    public ParticipantHost? TryHostOf(GrainId grain)
    {
        foreach (var silo in Silos)
        {
            if (silo.ServiceProvider.GetRequiredService<ParticipantRegistry>().TryGet(grain, out var host))
                return host;
        }

        return null;
    }

    public IEnumerable<ParticipantHost> Hosts => Silos.SelectMany(silo => silo.ServiceProvider.GetRequiredService<ParticipantRegistry>().All);

    /// <summary>Calls the grain so that it becomes active on this silo.</summary>
    public Task ActivateOn(int silo, IBankGrain grain) => Placed.On(Silos[silo].SiloAddress, grain.Balance);

    /// <summary>A round for which N + 1 writes are counted where they arrive. Says what the coordinator said.</summary>
    public async Task<CheckpointResult> Checkpoint(GrainId? one = null)
    {
        var result = await (one is { } grain ? Coordinator.Checkpoint(grain) : Coordinator.CheckpointAll()).WithTimeLimit();
        if (result.Status == CheckpointStatus.Committed)
            AssertWrites(result);

        return result;
    }

    /// <summary>SPEC G6: one record of each grain of the round and one decision.</summary>
    public void AssertWrites(CheckpointResult result)
    {
        if (result.Attempts > 1)
        {
            // More than one of its rounds may have committed some of them.
            var grains = result.Participants.Select(participant => participant.GrainId);
            var before = Judge.Decisions.TakeWhile(decision => decision.Rounds.All(round => CompareToRound(round.ToString(), result.Round) < 0)).Count();
            var last = Judge.Decisions.Skip(before - result.Attempts + 1);
            Assert.Empty(grains.Except(last.SelectMany(decision => decision.Writers)));
            return;
        }

        var decision = Judge.Decisions.Last(decision => decision.Rounds.Any(round => CompareToRound(round.ToString(), result.Round) >= 0)
            && decision.Writers.Intersect(result.Participants.Select(participant => participant.GrainId)).Any());
        var writers = decision.Writers.Order().ToArray();
        var members = result.Participants.Select(participant => participant.GrainId).Order().ToArray();
        Assert.Equal(members, writers);
        Assert.Equal(members.Length + 1, result.StableWrites);
    }

    /// <summary>All that the callers did is permanent now, and nothing else.</summary>
    public async Task AssertEverythingIsPermanent(long transfers)
    {
        await ComeToRest();
        Assert.Equal(transfers, Judge.PermanentStates.Sum(state => state.Debits.Count));
    }

    /// <summary>Checkpoints until nothing is left to do; then no promise was broken, every call has had its answer and every gate is open.</summary>
    public async Task ComeToRest()
    {
        for (var attempt = 1; (await Checkpoint()).Status != CheckpointStatus.NothingToDo; attempt++)
            Assert.True(attempt < 20, "The grains never come to rest.");

        Judge.AssertNoViolation();
        await UntilGatesAreOpen();
    }

    /// <summary>The answer to the request may overtake what opens the last gates.</summary>
    private async Task UntilGatesAreOpen()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(25));
        foreach (var activation in Hosts.Select(host => host.Activation))
        {
            while (await activation.InTurn(closed => closed.Turns.IsClosed || closed.Turns.WaitingCalls > 0))
                Assert.False(limit.IsCancellationRequested, $"The gate of {activation.Context.GrainId} stays closed.");
        }
    }

    public async ValueTask DisposeAsync() => await _cluster.DisposeAsync();

    private static int CompareToRound(string left, string right)
    {
        var l = left.Split('.');
        var r = right.Split('.');
        var byEpoch = long.Parse(l[0]).CompareTo(long.Parse(r[0]));
        return byEpoch != 0 ? byEpoch : long.Parse(l[1]).CompareTo(long.Parse(r[1]));
    }
}
