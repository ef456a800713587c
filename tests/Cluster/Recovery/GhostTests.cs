using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>RB-8: messages of undone lives are dropped when they are recorded, however long they have waited, and wherever.</summary>
public sealed class GhostTests
{
    [Fact]
    public async Task A_request_of_an_undone_life_that_was_parked_behind_a_gate_is_not_received()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (orphan, q) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(0, "q"));
        var (ghost, later) = (new Signal(), new Signal());
        await q.CloseGate();
        await orphan.Put(1, self => self.Own(q).Notify(ghost.AsScript()));
        await q.UntilWaiting(1);
        await cluster.Lose(1);
        await cluster.UntilRolledBack(orphan);
        await cluster.UntilRecovered();
        await q.OpenGate();
        await q.Perform(later.AsScript());

        Assert.Equal((false, true), (ghost.HasHappened, later.HasHappened));
        Assert.Empty((await q.Ledger()).Receipts);
        Assert.Equal((1, 1), (cluster.RolledBack, cluster.Dropped));
        Assert.False(await cluster.IsRecovering());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_request_of_an_undone_life_that_is_late_on_the_wire_is_not_received(int silo)
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4);
        var (orphan, q) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(silo, "q"));
        var (held, goOn, ghost) = (new Signal(), new Signal(), new Signal());
        cluster.Watch.BeforeCall = (grain, method) =>
        {
            if (grain != q.GetGrainId() || method != nameof(IProbeGrain.PerformInterleaved))
                return Task.CompletedTask;

            held.Set();
            return goOn.Happens;
        };
        var call = orphan.Put(1, self => self.Own(q).PerformInterleaved(ghost.AsScript()));
        await held.Happens;
        await cluster.Lose(1);
        await Assert.ThrowsAsync<RolledBackException>(() => call);
        await cluster.UntilRolledBack(orphan);
        await cluster.UntilRecovered();
        goOn.Set();
        await Eventually.Holds(() => cluster.Dropped == 1);

        Assert.Equal((false, 1), (ghost.HasHappened, cluster.RolledBack));
        Assert.Empty((await q.Ledger()).Receipts);
        Assert.Equal((0, 0), ((await q.Ledger()).Active, (await q.Ledger()).Waiting));
        Assert.False(await cluster.IsRecovering());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_of_an_undone_life_that_is_late_on_the_wire_is_not_received_and_the_next_life_answers(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4, filters: filters);
        var (orphan, caller) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(2, "caller"));
        var (held, goOn) = (new Signal(), new Signal());
        cluster.Watch.BeforeAnswer = (grain, method) =>
        {
            if (grain != orphan.GetGrainId() || method != nameof(IProbeGrain.Add) || held.HasHappened)
                return Task.CompletedTask;

            held.Set();
            return goOn.Happens;
        };
        var call = caller.Put(1, self => self.Own(orphan).Add(1));
        await held.Happens;
        await cluster.Lose(1);
        await cluster.UntilRolledBack(orphan);
        Assert.Equal(1, cluster.RolledBack);
        goOn.Set();
        await call;
        await cluster.UntilRecovered();
        Assert.Equal((1, 1), (await caller.Get(), await orphan.Look((ParticipantGrain self) => self.Amount)));
        Assert.Equal((1, 1), (cluster.RolledBack, cluster.Dropped));
    }

    /// <summary>
    /// S52, A7: the livelock of the naive rollback. p has to roll back, q has received from p, and a message of q is on its way to p. The next p does not receive it, or
    /// it would have to roll back again with q, and so on.
    /// </summary>
    [Fact]
    public async Task Crossing_messages_of_two_orphans_end_in_one_rollback_of_each()
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4);
        var (p, q) = (await cluster.OrphanToBe(0, "p"), await cluster.On<IParticipantGrain>(2, "q"));
        await p.Put(1, self => self.Own(q).Notify(Script.Of(receiver =>
        {
            ((ParticipantGrain)receiver).Sum.State += 1;
            return Task.CompletedTask;
        })));
        await Eventually.Holds(async () => await q.Get() == 1);

        // q does not know yet that what it has received is undone, p has stopped.
        var learns = new Signal();
        var silo = cluster.SiloOf(2).SiloAddress;
        cluster.Watch.BeforeInstall = installs => installs.Equals(silo) ? learns.Happens : Task.CompletedTask;
        await cluster.Lose(1);
        await cluster.UntilReady(p);
        var runs = 0;
        await q.Put(1, async self =>
        {
            for (var i = 0; i < 3; i++)
            {
                await self.Own(p).Notify(Script.Of(_ =>
                {
                    Interlocked.Increment(ref runs);
                    return Task.CompletedTask;
                }));
            }
        });
        await p.UntilWaiting(1);
        Assert.Equal(0, cluster.RolledBack);
        learns.Set();
        await cluster.UntilRolledBack(p);
        await cluster.UntilRolledBack(q);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0), (await p.Get(), await q.Get()));
        await cluster.UntilRecovered();

        // One waited in the library, the others in the runtime: these have met the next life.
        Assert.Equal((0, 2, 2), (runs, cluster.RolledBack, cluster.Dropped));
        Assert.Empty((await p.Ledger()).Receipts);
    }
}
