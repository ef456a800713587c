using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>RB-19, RB-20, SPEC K1, K30: a call whose callee is lost is sent again; where that cannot be, its caller rolls back, so that no half of a chain stays.</summary>
public sealed class LostCallTests
{
    /// <summary>RB-19: whether the callee dies with its silo, or rolls back: its next life has forgotten the call.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_call_that_is_lost_with_its_callee_runs_in_the_next_life_and_its_caller_does_not_roll_back(bool calleeRollsBack, bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4, filters: filters);
        var (t, a) = (await cluster.On<IParticipantGrain>(0, "t"), await cluster.On<IParticipantGrain>(0, "a"));
        var b = await cluster.On<IParticipantGrain>(calleeRollsBack ? 2 : 1, "b");
        if (calleeRollsBack)
        {
            var x = await cluster.On<IParticipantGrain>(1, "x");
            await b.Put(0, self => self.Own(x).Put(1));
        }

        var (running, goOn) = (new Signal(), new Signal());
        var runs = 0;
        var chain = t.Put(1, async self =>
        {
            await self.Own(a).Put(5);
            await self.Own(b).Put(5, _ =>
            {
                running.Set();
                return Interlocked.Increment(ref runs) == 1 ? goOn.Happens : Task.CompletedTask;
            });
        });
        await running.Happens;
        await cluster.Lose(1);
        await chain;
        goOn.Set();
        await cluster.UntilRecovered();
        Assert.Equal((1, 5, 5, 2), (await t.Get(), await a.Get(), await b.Get(), runs));
        Assert.Equal(calleeRollsBack ? 1 : 0, cluster.RolledBack);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Outcomes.CheckpointAll()).Status);
    }

    /// <summary>
    /// SPEC K1. On one silo caller and callee share the arguments of the call, so it cannot be sent again when it has begun to run: who knows what its handler has made of them.
    /// </summary>
    [Fact]
    public async Task A_chain_whose_callee_rolls_back_on_the_same_silo_is_undone_as_a_whole()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (t, a, b) = (await cluster.On<IParticipantGrain>(0, "t"), await cluster.On<IParticipantGrain>(0, "a"), await cluster.OrphanToBe(0, "b"));
        var (running, goOn) = (new Signal(), new Signal());
        RolledBackException? seen = null;
        var chain = t.Put(1, async self =>
        {
            await self.Own(a).Put(5);
            seen = await Assert.ThrowsAsync<RolledBackException>(() => self.Own(b).Put(5, _ =>
            {
                running.Set();
                return goOn.Happens;
            }));
        });
        await running.Happens;
        await cluster.Lose(1);

        // The handler has swallowed the loss, but its caller is not told that all went well.
        await Assert.ThrowsAsync<RolledBackException>(() => chain);
        Assert.Equal(b.GetGrainId(), seen!.GrainId);
        goOn.Set();
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 0, 3), (await t.Get(), await a.Get(), await b.Get(), cluster.RolledBack));
    }

    /// <summary>RB-20, SPEC K1: the callee lives on and has run the call, and its answer is lost.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_lost_call_that_its_callee_has_received_is_not_run_twice_and_makes_its_caller_roll_back(bool filters) =>
        AnswerIsLost(filters, siloIsLost: true, new SiloUnavailableException("The target silo became unavailable for message: m."));

    /// <summary>RB-20: no silo is gone, the connection broke while the call was written to it. The runtime says that it was not delivered, but it was.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_call_that_is_said_to_be_undelivered_and_was_received_is_not_run_twice_and_makes_its_caller_roll_back(bool filters) =>
        AnswerIsLost(filters, siloIsLost: false, new SiloUnavailableException());

    private static async Task AnswerIsLost(bool filters, bool siloIsLost, Exception end)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(cluster.CoordinatorsSilo, "q"));
        var (ran, goOn) = (new Signal(), new Signal());
        cluster.Watch.BeforeAnswer = async (grain, method) =>
        {
            if (grain == q.GetGrainId() && method == nameof(IProbeGrain.Add) && !ran.HasHappened)
            {
                ran.Set();
                await goOn.Happens;
                throw end;
            }
        };
        var runs = 0;
        cluster.Watch.BeforeCall = (grain, method) =>
        {
            runs += grain == q.GetGrainId() && method == nameof(IProbeGrain.Add) ? 1 : 0;
            return Task.CompletedTask;
        };
        var chain = p.Put(1, self => self.Own(q).Add(1));
        await ran.Happens;
        if (siloIsLost)
            await cluster.Lose(1);

        goOn.Set();

        var error = await Assert.ThrowsAsync<RolledBackException>(() => chain);
        await cluster.UntilRecovered();
        Assert.Equal((2, 2), (runs, cluster.RolledBack));
        Assert.Equal((0, 0), (await p.Get(), await q.Look((ParticipantGrain self) => self.Amount)));
    }

    /// <summary>RB-20: as if it had been passed on by a silo that was lost, or written to a connection that broke, while it was on its way.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_was_sent_under_too_old_a_line_is_not_run_until_it_is_sent_again(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(cluster.CoordinatorsSilo, "q"));
        var cutOffs = cluster.SiloAt(cluster.CoordinatorsSilo).ServiceProvider.GetRequiredService<CallCutOffs>();
        var callers = cluster.SiloOf(0).ServiceProvider.GetRequiredService<CallCutOffs>();
        var arrivals = 0;
        cluster.Watch.BeforeCall = (grain, method) =>
        {
            arrivals += grain == q.GetGrainId() && method == nameof(IProbeGrain.Add) ? 1 : 0;
            return Task.CompletedTask;
        };
        var next = callers.Line + 1;
        cutOffs.RaiseHere(next);

        // Nobody hears of a one-way call that is not run, so it is never refused.
        var notified = new Signal();
        await p.Put(0, self => self.Own(q).Notify(notified.AsScript()));
        await notified.Happens;
        Assert.True(callers.Line < next);
        await p.Put(1, self => self.Own(q).Add(1));

        Assert.Equal((2, 1, 0), (arrivals, await q.Look((ParticipantGrain self) => self.Amount), cluster.RolledBack));
        Assert.Equal(next, callers.Line);
    }

    [Fact]
    public async Task Whoever_is_answered_by_a_handler_that_swallowed_a_loss_rolls_back_too()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (u, t, b) = (await cluster.On<IParticipantGrain>(0, "u"), await cluster.On<IParticipantGrain>(0, "t"), await cluster.OrphanToBe(0, "b"));
        var (running, goOn) = (new Signal(), new Signal());
        var chain = u.Put(1, self => self.Own(t).Put(1, inner => Swallow(inner.Own(b), running, goOn)));
        await running.Happens;
        await cluster.Lose(1);
        await chain.ContinueWith(_ => { }, TaskScheduler.Default);
        goOn.Set();
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 0, 3), (await u.Get(), await t.Get(), await b.Get(), cluster.RolledBack));
    }

    [Theory]
    [InlineData("relay", false)]
    [InlineData("relay", true)]
    [InlineData("worker", false)]
    [InlineData("reentrant relay", false)]
    public async Task A_relay_that_answers_although_a_call_of_it_was_lost_makes_its_caller_roll_back(string kind, bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (p, done, lost) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(0, "done"), await cluster.On<IParticipantGrain>(1, "lost"));
        IProbeGrain relay = kind switch
        {
            "relay" => await cluster.On<IRelayGrain>(0, "relay"),
            "worker" => await cluster.On<IWorkerGrain>(0, "worker"),
            _ => await cluster.On<IReentrantRelayGrain>(0, "relay"),
        };
        var (running, goOn, answered) = (new Signal(), new Signal(), new Signal());
        var chain = p.Put(1, async self =>
        {
            await Assert.ThrowsAsync<RolledBackException>(() => self.Own(relay).Perform(Script.Of(async inner =>
            {
                await inner.Own(done).Put(1);
                await Swallow(inner.Own(lost), running, goOn);
                answered.Set();
            })));
        });
        await running.Happens;
        await cluster.Lose(1);
        await Assert.ThrowsAsync<RolledBackException>(() => chain);
        Assert.True(answered.HasHappened);
        goOn.Set();
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 0, 2), (await p.Get(), await done.Get(), await lost.Get(), cluster.RolledBack));
    }

    /// <summary>What it rests on: the two errors of Orleans 10.4.2 for a silo that is gone have one type, and differ in their texts only.</summary>
    [Fact]
    public async Task A_call_to_a_silo_that_is_known_to_be_gone_and_one_that_was_on_its_way_there_fail_with_different_texts()
    {
        await using var cluster = await RecoveryCluster.Start();
        var lost = cluster.SiloOf(1).SiloAddress;
        var agents = cluster.SiloOf(0).ServiceProvider.GetRequiredService<ICheckpointAgentClient>();
        await agents.AgentOf(lost).HasSettled(0);
        await cluster.Lose(1);
        Exception? error = null;
        await Eventually.Holds(async () => (error = await Record.ExceptionAsync(() => agents.AgentOf(lost).HasSettled(0))) is SiloUnavailableException { Message: "Silo unavailable" });
        Assert.Equal(typeof(SiloUnavailableException), error!.GetType());
        Assert.Equal((false, true), (Undone.IsLoss(error), Undone.IsRejection(error)));
        Assert.True(Undone.IsLoss(new SiloUnavailableException("The target silo became unavailable for message: m.")));
        Assert.False(Undone.IsRejection(new SiloUnavailableException("The target silo became unavailable for message: m.")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_that_was_rejected_before_it_was_sent_is_sent_again_and_nobody_rolls_back(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (p, q) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(1, "q"));
        var rejections = 0;
        cluster.Watch.BeforeCall = (grain, method) => grain == q.GetGrainId() && method == nameof(IProbeGrain.Add) && Interlocked.Increment(ref rejections) <= 2
            ? throw new SiloUnavailableException()
            : Task.CompletedTask;
        await p.Put(1, self => self.Own(q).Add(1));
        Assert.Equal((3, 1, 1), (rejections, await p.Get(), await q.Look((ParticipantGrain self) => self.Amount)));
        Assert.Equal((await p.Ledger()).LastSequence, (await q.Ledger()).LastReceivedFrom(await p.Ledger()));
        Assert.False(await cluster.IsRecovering());
        Assert.Equal((CheckpointStatus.Committed, 0), ((await cluster.Outcomes.CheckpointAll()).Status, cluster.RolledBack));
    }

    /// <summary>The same errors thrown on by the code of a callee are its answer: it has run, and nothing checkpointed was lost.</summary>
    [Theory]
    [InlineData("relay")]
    [InlineData("read-only")]
    [InlineData("participant")]
    public async Task An_error_of_the_runtime_that_a_callee_throws_on_is_an_answer(string callee)
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, q, relay) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(0, "q"), await cluster.On<IRelayGrain>(0, "relay"));
        foreach (var error in (Exception[])[new SiloUnavailableException(), new SiloUnavailableException("The target silo became unavailable for message: m.")])
        {
            var runs = 0;
            Script throws = Script.Of(_ =>
            {
                runs++;
                throw error;
            });
            await p.Put(1, self => Assert.ThrowsAsync<SiloUnavailableException>(() => callee switch
            {
                "relay" => self.Own(relay).Perform(throws),
                "read-only" => self.Own(q).Peek(throws),
                _ => self.Own(q).Perform(throws),
            }));
            Assert.Equal(1, runs);
        }

        Assert.False(await cluster.IsRecovering());
        Assert.Equal((2, 0), (await p.Get(), cluster.RolledBack));
    }

    /// <summary>The runtime does not break a call off that another silo has passed on to the lost one. After a loss nobody can tell whether a time-out was that.</summary>
    [Theory]
    [InlineData(false, true, false)]
    [InlineData(true, true, false)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public async Task A_time_out_after_the_loss_of_a_silo_is_a_lost_call_and_at_other_times_it_is_not(bool filters, bool afterLoss, bool throughRelay)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (p, a, q, relay) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(0, "a"), await cluster.On<IParticipantGrain>(0, "q"), await cluster.On<IRelayGrain>(0, "relay"));
        if (afterLoss)
            await cluster.Lose(1);

        // It gets no further: as if it had been passed on to a silo that is gone.
        var goOn = new Signal();
        cluster.Watch.BeforeCall = (grain, method) => grain == q.GetGrainId() && method == nameof(IProbeGrain.PerformInASecond) ? goOn.Happens : Task.CompletedTask;
        Exception? error = null;
        var chain = p.Put(1, async self =>
        {
            await self.Own(a).Put(1);
            error = await Record.ExceptionAsync(() => throughRelay
                ? self.Own(relay).Perform(Script.Of(inner => Record.ExceptionAsync(() => inner.Own(q).PerformInASecond(new Signal().AsScript())).AsTask()))
                : self.Own(q).PerformInASecond(new Signal().AsScript()));
        });
        if (afterLoss)
        {
            await Assert.ThrowsAsync<RolledBackException>(() => chain);
            Assert.IsType<RolledBackException>(error);
        }
        else
        {
            await chain;
            Assert.IsType<TimeoutException>(error);
        }

        await cluster.UntilRecovered();
        goOn.Set();
        var (sums, rolledBack) = afterLoss ? ((0, 0), 2) : ((1, 1), 0);
        Assert.Equal((sums, rolledBack), ((await p.Get(), await a.Get()), cluster.RolledBack));
    }

    /// <summary>Nothing that is sent from there can have been lost with a silo that was gone before it began.</summary>
    [Fact]
    public async Task A_time_out_on_a_silo_that_began_after_a_loss_is_no_lost_call()
    {
        await using var cluster = await RecoveryCluster.Start();
        await cluster.Lose(1);
        await cluster.UntilRecovered();
        var joined = await cluster.Outcomes.Silos.StartAdditionalSiloAsync();
        await cluster.Outcomes.Silos.WaitForLivenessToStabilizeAsync();
        var (p, q) = (await cluster.On<IParticipantGrain>(joined.SiloAddress, "p"), await cluster.On<IParticipantGrain>(0, "q"));
        var goOn = new Signal();
        cluster.Watch.BeforeCall = (grain, method) => grain == q.GetGrainId() && method == nameof(IProbeGrain.PerformInASecond) ? goOn.Happens : Task.CompletedTask;
        Exception? error = null;

        // The first call opens a connection. If that failed, the copy would count as one that may have arrived, and its time-out as a loss.
        await p.Put(1, self => self.Own(q).Put(1));
        var lost = await Record.ExceptionAsync(() => p.Put(1, async self => error = await Record.ExceptionAsync(() => self.Own(q).PerformInASecond(new Signal().AsScript()))));
        Assert.True(lost is null, $"{error}");
        Assert.IsType<TimeoutException>(error);
        goOn.Set();
        Assert.True(joined.ServiceProvider.GetRequiredService<LocalRollbacks>().MayHaveLivePredecessors);
        Assert.Equal((2, 0), (await p.Get(), cluster.RolledBack));
    }

    private static async Task Swallow(IParticipantGrain callee, Signal running, Signal goOn)
    {
        try
        {
            await callee.Put(1, _ =>
            {
                running.Set();
                return goOn.Happens;
            });
        }
        catch (RolledBackException)
        {
            // As if nothing had happened.
        }
    }
}
