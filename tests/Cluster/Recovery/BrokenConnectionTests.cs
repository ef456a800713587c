using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Rounds;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Configuration;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>
/// RB-20 without a loss: connections between silos break under load, and all silos go on. The runtime says of calls that were being written that they were not delivered; some were.
/// What was in the sockets is lost without a word, and ends as a time-out. CHECKPOINTING_SOAK=1 makes it long.
/// </summary>
[Collection(nameof(UnderLoad))]
public sealed class BrokenConnectionTests
{
    private const int Grains = 24;

    [Fact]
    public async Task No_call_runs_twice_however_often_connections_break()
    {
        var connections = new OpenConnections();
        await using var cluster = await RoundsCluster.Start(
            options => options.CheckpointInterval = TimeSpan.FromMilliseconds(200),
            silo =>
            {
                connections.Watch(silo);
                silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(2));
            },
            silos: 3,
            client: client => client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(3)));
        IOnceGrain Grain(int number) => cluster.Client.GetGrain<IOnceGrain>($"once-{number}");
        var (calls, id, failures) = (0, 0L, new Dictionary<string, int>());
        var random = new Random(Soak.Seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"Replay: {Soak.Replay(Soak.Seed)}");
        using var stop = new CancellationTokenSource();
        var callers = Task.WhenAll(Enumerable.Range(0, 16).Select(caller => Task.Run(() => Calls(new Random(Soak.Seed + caller)))));
        for (var time = 0; time < Soak.Choose(40, 300); time++)
        {
            var before = Volatile.Read(ref calls);
            await Eventually.Holds(() => Volatile.Read(ref calls) >= before + 50);
            connections.AbortOne(random);
        }

        await stop.CancelAsync();
        await callers.WithTimeLimit();
        var lines = cluster.Silos.Max(silo => LinesOf(silo.ServiceProvider.GetRequiredService<CallCutOffs>()));
        Report.Write($"{calls} calls, {connections.Aborted} connections aborted, {lines} lines drawn without a loss; {string.Join(", ", failures.Select(failure => $"{failure.Value} {failure.Key}"))}");
        await cluster.ComeToRest();
        var ran = await Task.WhenAll(Enumerable.Range(0, Grains).Select(number => Grain(number).Ran()));

        Assert.Empty(ran.SelectMany(grain => grain.Twice));
        Assert.NotEqual(0, lines);
        Assert.DoesNotContain(failures.Keys, name => name is not (nameof(TimeoutException) or nameof(RolledBackException) or nameof(SiloUnavailableException) or nameof(OperationCanceledException)));

        async Task Calls(Random choice)
        {
            while (!stop.IsCancellationRequested)
            {
                var (from, to) = Bank.TwoOf(Grains, choice);
                try
                {
                    await Grain(from).Call($"once-{to}", Interlocked.Increment(ref id), throughRelay: choice.Next(4) == 0);
                }
                catch (Exception exception)
                {
                    lock (failures)
                        failures[exception.GetType().Name] = failures.GetValueOrDefault(exception.GetType().Name) + 1;
                }

                Interlocked.Increment(ref calls);
            }
        }
    }

    private static long LinesOf(CallCutOffs cutOffs) => cutOffs.Line - CallCutOff.FirstLineOf(CallCutOff.MembershipOf(cutOffs.Line));
}

public interface IOnceGrain : IGrainWithStringKey
{
    /// <summary>Calls another one.</summary>
    Task Call(string to, long id, bool throughRelay);

    /// <summary>Is called by another one; each id once.</summary>
    Task Run(long id);

    [ReadOnly]
    Task<RunCalls> Ran();
}

public interface IOnceRelayGrain : IGrainWithIntegerKey
{
    Task Call(string to, long id);
}

[GenerateSerializer]
public sealed class RunCalls
{
    [Id(0)]
    public long Called { get; set; }

    [Id(1)]
    public HashSet<long> Ids { get; set; } = [];

    [Id(2)]
    public List<long> Twice { get; set; } = [];
}

public sealed class OnceGrain([CheckpointedState("once")] ICheckpointedState<RunCalls> ran) : Grain, IOnceGrain
{
    public Task Call(string to, long id, bool throughRelay)
    {
        ran.State.Called++;
        return throughRelay ? GrainFactory.GetGrain<IOnceRelayGrain>(0).Call(to, id) : GrainFactory.GetGrain<IOnceGrain>(to).Run(id);
    }

    public Task Run(long id)
    {
        if (!ran.State.Ids.Add(id))
            ran.State.Twice.Add(id);

        return Task.CompletedTask;
    }

    public Task<RunCalls> Ran() => Task.FromResult(ran.State);
}

[StatelessWorker(128)]
public sealed class OnceRelayGrain : Grain, IOnceRelayGrain
{
    public Task Call(string to, long id) => GrainFactory.GetGrain<IOnceGrain>(to).Run(id);
}
