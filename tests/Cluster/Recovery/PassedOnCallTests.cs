using System.Diagnostics;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>
/// A silo stops in order, and its grains have left. Who does not know that yet calls them there: the runtime passes such a call on, but breaks it off when that silo ends. If it goes to a
/// grain without checkpointed state nobody can send it again.
/// </summary>
public sealed class PassedOnCallTests
{
    /// <summary>Some silos forget where a relay was as soon as it leaves, depending on its name. So there are some.</summary>
    private const int Relays = 6;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_silo_that_stops_waits_for_calls_that_it_has_passed_on(bool isReentrant)
    {
        await using var cluster = await RecoveryCluster.Start();
        var callers = await SomeCallers(cluster, isReentrant);
        cluster.Watch.BeforeGrainsHaveLeft = _ => Task.WhenAll(callers.Select(caller => caller.Calls.Happens));
        var chains = callers.Select(caller => caller.Call(caller.RelayHasLeft.Happens, () => Task.Delay(TimeSpan.FromSeconds(3)))).ToList();
        await Task.WhenAll(callers.Select(caller => caller.KnowsItsRelay.Happens));
        await Task.WhenAll([.. chains, StopTheRelaysSilo(cluster)]).WithTimeLimit();
        await cluster.UntilRecovered();
        Assert.Equal(0, cluster.RolledBack);
        await AssertAnsweredElsewhere(callers);
    }

    /// <summary>Else the silo would have to wait for one after another.</summary>
    [Fact]
    public async Task A_call_that_begins_when_the_grains_of_a_silo_have_left_is_not_passed_on()
    {
        await using var cluster = await RecoveryCluster.Start();
        var first = await CallerOf(cluster, isReentrant: false);
        var late = await SomeCallers(cluster, isReentrant: false);
        var isLate = new Signal();
        cluster.Watch.BeforeGrainsHaveLeft = _ => first.Calls.Happens;
        var chain = first.Call(first.RelayHasLeft.Happens, async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1.5));
            isLate.Set();
            await Task.Delay(TimeSpan.FromSeconds(1));
        });
        var lateChains = late.Select(caller => caller.Call(isLate.Happens, () => Task.Delay(TimeSpan.FromSeconds(3)))).ToList();
        await Task.WhenAll(late.Append(first).Select(caller => caller.KnowsItsRelay.Happens));
        await Task.WhenAll([.. lateChains, chain, StopTheRelaysSilo(cluster)]).WithTimeLimit();
        await cluster.UntilRecovered();
        Assert.Equal((1, 0), (await first.Grain.Get(), cluster.RolledBack));
        await AssertAnsweredElsewhere(late);
    }

    /// <summary>The caller's silo has heard that the grains have left, and looked at its calls, before the call began; the relay in between is on one that hears it late.</summary>
    [Fact]
    public async Task A_call_is_waited_for_that_passes_a_silo_that_hears_late_that_the_grains_have_left()
    {
        await using var cluster = await RecoveryCluster.Start();
        var between = await cluster.On<IRelayGrain>(0, "between");
        var (relays, calls) = (new List<IRelayGrain>(), new List<Signal>());
        var (told, left) = (new Signal(), new CountdownEvent(Relays));
        for (var i = 0; i < Relays; i++)
        {
            relays.Add(await cluster.On<IRelayGrain>(1, "relay"));
            calls.Add(new Signal());
        }

        await between.Perform(Script.Of(async self =>
        {
            foreach (var relay in relays)
            {
                await self.Own(relay).Perform(Script.Of(inner =>
                {
                    _ = inner.GrainContext.Deactivated.ContinueWith(_ => left.Signal(), TaskScheduler.Default);
                    return Task.CompletedTask;
                }));
            }
        }));
        var q = await cluster.On<IParticipantGrain>(cluster.CoordinatorsSilo, "q");
        var late = cluster.SiloOf(0).SiloAddress;
        cluster.Watch.BeforeGrainsHaveLeft = silo =>
        {
            if (!silo.Equals(late))
            {
                told.Set();
                return Task.CompletedTask;
            }

            return Task.WhenAll(calls.Select(call => call.Happens));
        };
        var stop = StopTheRelaysSilo(cluster);
        await told.Happens;
        await Eventually.Holds(() => left.IsSet);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        var chain = cluster.GrainsAt(cluster.CoordinatorsSilo).GetGrain<IParticipantGrain>(q.GetGrainId()).Put(1, self => self.Own(between).Perform(Script.Of(inner =>
            Task.WhenAll(relays.Zip(calls, (relay, call) => inner.Own(relay).Perform(Script.Of(_ =>
            {
                call.Set();
                return Task.Delay(TimeSpan.FromSeconds(3));
            })))))));
        await Task.WhenAll(chain, stop).WithTimeLimit();
        await cluster.UntilRecovered();
        Assert.Equal((1, 0), (await q.Get(), cluster.RolledBack));
    }

    /// <summary>Grains that have just left start elsewhere at this very moment.</summary>
    [Fact]
    public async Task A_call_of_a_grain_that_is_starting_is_waited_for()
    {
        await using var cluster = await RecoveryCluster.Start();
        var starter = cluster.GrainsAt(cluster.CoordinatorsSilo).GetGrain<IStarterGrain>(Guid.NewGuid().ToString());
        var q = await cluster.On<IParticipantGrain>(cluster.CoordinatorsSilo, "q");
        var (calls, goOn) = (new Signal(), new Signal());
        StarterGrain.OnStart[starter.GetPrimaryKeyString()] = self => self.Own(q).Perform(Script.Of(_ =>
        {
            calls.Set();
            return goOn.Happens;
        }));
        var put = starter.Put(1);
        await calls.Happens;
        var underWay = Task.WhenAll(cluster.Outcomes.Silos.Silos.Select(silo =>
            silo.ServiceProvider.GetRequiredService<ICheckpointAgentClient>().AgentOf(silo.SiloAddress).CallsUnderWay()));
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.False(underWay.IsCompleted);
        goOn.Set();
        await underWay.WithTimeLimit();
        await put;
    }

    [Fact]
    public async Task A_silo_that_stops_does_not_wait_for_ever()
    {
        await using var cluster = await RecoveryCluster.Start();
        var callers = await SomeCallers(cluster, isReentrant: false);
        var goOn = new TaskCompletionSource();
        cluster.Watch.BeforeGrainsHaveLeft = _ => Task.WhenAll(callers.Select(caller => caller.Calls.Happens));
        var chains = callers.Select(caller => caller.Call(caller.RelayHasLeft.Happens, () => goOn.Task)).ToList();
        await Task.WhenAll(callers.Select(caller => caller.KnowsItsRelay.Happens));
        var began = Stopwatch.GetTimestamp();
        await StopTheRelaysSilo(cluster).WithTimeLimit();
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(4.5), TimeSpan.FromSeconds(10));

        goOn.SetResult();
        var errors = await Task.WhenAll(chains.Select(chain => Record.ExceptionAsync(() => chain.WithTimeLimit()).AsTask()));
        await Eventually.Holds(() => cluster.RolledBack == errors.Count(error => error is RolledBackException));
        foreach (var (caller, error) in callers.Zip(errors))
            await Eventually.Holds(async () => await caller.TryGet() == (error is null ? 1 : 0));
    }

    private static async Task AssertAnsweredElsewhere(Caller[] callers)
    {
        foreach (var caller in callers)
        {
            Assert.Equal(1, await caller.Grain.Get());
            Assert.NotEqual(caller.FirstPlace, caller.LastPlace);
        }
    }

    private static async Task<Caller[]> SomeCallers(RecoveryCluster cluster, bool isReentrant)
    {
        var callers = new Caller[Relays];
        for (var i = 0; i < callers.Length; i++)
            callers[i] = await CallerOf(cluster, isReentrant);

        return callers;
    }

    private static Task StopTheRelaysSilo(RecoveryCluster cluster) => cluster.Outcomes.Stop(cluster.SiloOf(1));

    /// <summary>Reached from within the cluster: the client may be connected to the silo that stops.</summary>
    private static async Task<Caller> CallerOf(RecoveryCluster cluster, bool isReentrant)
    {
        var grain = await cluster.On<IParticipantGrain>(0, "p");
        IProbeGrain relay = isReentrant ? await cluster.On<IReentrantRelayGrain>(1, "relay") : await cluster.On<IRelayGrain>(1, "relay");
        return new Caller(cluster.GrainsAt(cluster.CoordinatorsSilo).GetGrain<IParticipantGrain>(grain.GetGrainId()), relay);
    }

    /// <summary>A participant that learns where its relay is, and calls it there later.</summary>
    private sealed class Caller(IParticipantGrain grain, IProbeGrain relay)
    {
        public IParticipantGrain Grain => grain;

        public Signal KnowsItsRelay { get; } = new();

        public Signal RelayHasLeft { get; } = new();

        /// <summary>The later call runs.</summary>
        public Signal Calls { get; } = new();

        public SiloAddress? FirstPlace { get; private set; }

        public SiloAddress? LastPlace { get; private set; }

        /// <summary>Null while its next activation has not begun.</summary>
        public async Task<int?> TryGet()
        {
            try
            {
                return await grain.Get();
            }
            catch (RolledBackException)
            {
                return null;
            }
        }

        public Task Call(Task when, Func<Task> code) => grain.Put(1, async self =>
        {
            await self.Own(relay).Perform(Script.Of(inner =>
            {
                FirstPlace = inner.GrainContext.Address.SiloAddress;
                _ = inner.GrainContext.Deactivated.ContinueWith(_ => RelayHasLeft.Set(), TaskScheduler.Default);
                return Task.CompletedTask;
            }));
            KnowsItsRelay.Set();
            await when;
            await self.Own(relay).Perform(Script.Of(inner =>
            {
                LastPlace = inner.GrainContext.Address.SiloAddress;
                Calls.Set();
                return code();
            }));
        });
    }
}
