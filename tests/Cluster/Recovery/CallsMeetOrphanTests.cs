using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>Calls that reach a grain that has stopped and waits for the word to roll back.</summary>
public sealed class CallsMeetOrphanTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nested_calls_run_exactly_once_in_the_next_life_under_their_own_labels(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4, filters: filters);
        var orphan = await cluster.OrphanToBe();
        await Stop(cluster, orphan);
        var callers = new[] { await cluster.On<IParticipantGrain>(0, "local"), await cluster.On<IParticipantGrain>(2, "remote") };
        var list = new List<int> { 1, 2, 3 };
        var results = new List<List<int>>();
        var runs = 0;
        var calls = callers.Select(caller => caller.Put(1, async self =>
        {
            var callee = self.Own(orphan);
            var echo = callee.Echo(list);
            await Task.WhenAll(
                callee.Add(1),
                callee.AddValue(10).AsTask(),
                callee.AddValueAndGet(100).AsTask(),
                callee.Perform(Script.Of(_ =>
                {
                    Interlocked.Increment(ref runs);
                    return Task.CompletedTask;
                })),
                echo);
            var answer = await echo;
            lock (results)
                results.Add(answer);
        })).ToArray();
        await orphan.UntilWaiting(10);
        Assert.Equal(0, runs);
        cluster.Watch.Loses = null;
        await Task.WhenAll(calls);

        Assert.Equal((222, 2), (await orphan.Look((ParticipantGrain self) => self.Amount), runs));
        Assert.All(results, result => Assert.Equal(list, result));
        foreach (var caller in callers)
        {
            var ledger = await caller.Ledger();
            Assert.Equal((5, 0), (ledger.LastSequence, ledger.Outstanding));
            Assert.Equal(5, (await orphan.Ledger()).LastReceivedFrom(ledger));
        }

        await cluster.UntilRecovered();
        Assert.Equal((1, 0), (cluster.RolledBack, await orphan.Get()));
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    /// <summary>What waits in the library is refused, what waits in the runtime goes on to the next activation.</summary>
    [Fact]
    public async Task Calls_of_clients_run_in_the_next_life_or_are_refused_but_never_lost_silently()
    {
        await using var cluster = await RecoveryCluster.Start();
        var orphan = await cluster.OrphanToBe();
        await Stop(cluster, orphan);
        var runs = 0;
        var calls = Enumerable.Range(0, 5).Select(_ => orphan.Put(1, _ =>
        {
            Interlocked.Increment(ref runs);
            return Task.CompletedTask;
        })).ToArray();
        await orphan.UntilWaiting(1);
        cluster.Watch.Loses = null;
        var errors = (await Task.WhenAll(calls.Select(call => Record.ExceptionAsync(() => call).AsTask()))).OfType<Exception>().ToArray();
        Assert.All(errors, error => Assert.Contains("was not run", Assert.IsType<RolledBackException>(error).Message, StringComparison.Ordinal));
        Assert.InRange(errors.Length, 1, 5);
        Assert.Equal((5 - errors.Length, 5 - errors.Length), (runs, await orphan.Get()));
    }

    /// <summary>A one-way call has no answer, so what waits in the library is lost; SPEC K1 excludes it from the whole-chain promise.</summary>
    [Fact]
    public async Task One_way_calls_that_wait_at_an_orphan_run_once_in_the_next_life_or_not_at_all()
    {
        await using var cluster = await RecoveryCluster.Start();
        var orphan = await cluster.OrphanToBe();
        await Stop(cluster, orphan);
        var sender = await cluster.On<IParticipantGrain>(0, "sender");
        await sender.Put(1, async self =>
        {
            foreach (var amount in (int[])[1, 10, 100])
                await self.Own(orphan).Notify(Script.Of(receiver => receiver.Add(amount)));
        });
        await orphan.UntilWaiting(1);
        cluster.Watch.Loses = null;
        await cluster.UntilRolledBack(orphan);
        await cluster.UntilRecovered();

        // The first of them blocks the runtime, so that the others wait there.
        await Eventually.Holds(async () => await orphan.Look((ParticipantGrain self) => self.Amount) == 110);
        Assert.Equal(1, cluster.RolledBack);
    }

    /// <summary>A filter of the application may hold a call so long that it reaches the library when the grain has stopped for good.</summary>
    [Fact]
    public async Task A_call_that_another_filter_has_held_up_does_not_keep_an_orphan_from_being_replaced()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (orphan, caller) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(0, "caller"));
        var (held, goOn) = (new Signal(), new Signal());
        cluster.Watch.BeforeCall = async (grain, method) =>
        {
            if (grain == orphan.GetGrainId() && method == nameof(IProbeGrain.Add) && !held.HasHappened)
            {
                held.Set();
                await goOn.Happens;
            }
        };
        var call = caller.Put(1, self => self.Own(orphan).Add(1));
        await held.Happens;
        await cluster.Lose(1);
        await cluster.UntilRolledBack(orphan);
        goOn.Set();
        await call;
        await cluster.UntilRecovered();
        Assert.Equal((1, 1), (await orphan.Look((ParticipantGrain self) => self.Amount), cluster.RolledBack));
    }

    /// <summary>Loses a silo, and holds the coordinator's decision.</summary>
    private static async Task Stop(RecoveryCluster cluster, IParticipantGrain orphan)
    {
        cluster.Watch.Loses = message => message is ReadyToRollBack;
        await cluster.Lose(1);
        await cluster.UntilReady(orphan);
    }
}
