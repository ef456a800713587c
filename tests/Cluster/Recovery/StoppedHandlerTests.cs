using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>SPEC K10: a handler of an orphan is answered at once, whatever its code still does, and what it does has no effect any more.</summary>
public sealed class StoppedHandlerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_code_of_an_orphan_still_does_has_no_effect(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (orphan, bystander) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(0, "bystander"));
        var (running, goOn, ended) = (new Signal(), new Signal(), new Signal());
        var errors = new List<Exception?>();
        var handler = orphan.Put(5, async self =>
        {
            self.Amount = 42;
            running.Set();
            await goOn.Happens;
            errors.Add(await Record.ExceptionAsync(() => self.Own(bystander).Put(1)));
            errors.Add(await Record.ExceptionAsync(() => self.Own(bystander).Notify(Script.Of(_ => Task.CompletedTask))));
            errors.Add(Record.Exception(() => self.Own(bystander).Tell(1)));
            self.Sum.State = 1000;
            self.Amount = 1000;
            ended.Set();
        });
        await running.Happens;
        await cluster.Lose(1);
        var error = await Assert.ThrowsAsync<RolledBackException>(() => handler);
        Assert.Equal(orphan.GetGrainId(), error.GrainId);
        Assert.Equal($"Grain {orphan.GetGrainId()} depends on work that was lost and rolls back to its permanent checkpoint; what this call did is undone. Call again.", error.Message);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0), (await orphan.Get(), await orphan.Look((ParticipantGrain self) => self.Amount)));
        await orphan.Put(2);

        goOn.Set();
        await ended.Happens;
        Assert.All(errors, error => Assert.IsType<RolledBackException>(error));
        Assert.Equal((2, 0), (await orphan.Get(), await orphan.Look((ParticipantGrain self) => self.Amount)));
        Assert.Equal((0, 0), (await bystander.Get(), await bystander.Look((ParticipantGrain self) => self.Amount)));
        Assert.True((await bystander.Ledger()).IsClean);
        Assert.Equal(1, cluster.RolledBack);
    }

    /// <summary>A call that was on its way when its caller stopped ends there, whatever its answer.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_reaches_code_of_an_orphan_ends_it(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4, filters: filters);
        var (orphan, callee) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(2, "callee"));
        var (running, goOn, ended) = (new Signal(), new Signal(), new Signal());
        Exception? error = null;
        var handler = orphan.Put(5, async self =>
        {
            error = await Record.ExceptionAsync(() => self.Own(callee).Perform(Script.Of(_ =>
            {
                running.Set();
                return goOn.Happens;
            })));
            ended.Set();
        });
        await running.Happens;
        await cluster.Lose(1);
        await Assert.ThrowsAsync<RolledBackException>(() => handler);
        goOn.Set();
        await ended.Happens;
        Assert.IsType<RolledBackException>(error);
        await cluster.UntilRecovered();

        // The callee has received the request, so it is an orphan too.
        Assert.Equal((0, 2), (await orphan.Get(), cluster.RolledBack));
    }

    [Fact]
    public async Task Timers_of_an_orphan_neither_run_on_nor_keep_it_from_being_replaced()
    {
        await using var cluster = await RecoveryCluster.Start(silos: 4);
        var (orphan, caller) = (await cluster.OrphanToBe(), await cluster.On<IParticipantGrain>(2, "caller"));
        var oldTicks = 0;
        await orphan.Do<ParticipantGrain>(self => StartTimer(self, () => Interlocked.Increment(ref oldTicks)));
        cluster.Watch.Loses = message => message is Protocol.RollbackAlgorithm.ReadyToRollBack;
        await cluster.Lose(1);
        await cluster.UntilReady(orphan);

        // The nested call keeps the runtime from seeing an idle grain, and a tick comes beside it; both wait.
        var nested = caller.Put(1, self => self.Own(orphan).Add(1));
        await orphan.UntilWaiting(2);
        var ticksWhenReady = oldTicks;
        cluster.Watch.Loses = null;
        await nested;
        await cluster.UntilRecovered();
        var newTicks = new Signal();
        var left = 5;
        await orphan.Do<ParticipantGrain>(self => StartTimer(self, () =>
        {
            if (Interlocked.Decrement(ref left) == 0)
                newTicks.Set();
        }));
        await newTicks.Happens;
        Assert.Equal((ticksWhenReady, 1), (oldTicks, cluster.RolledBack));
        Assert.Equal(1, await orphan.Look((ParticipantGrain self) => self.Amount));
    }

    /// <summary>Its turn had come, but the activation stopped before its code began.</summary>
    [Fact]
    public async Task A_call_that_was_admitted_just_before_its_grain_stopped_is_not_run()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, ran) = (await cluster.On<IParticipantGrain>(0, "p"), new Signal());
        await p.CloseGate();
        var call = p.Perform(ran.AsScript());
        await p.UntilWaiting(1);
        var host = cluster.TryHostOf(p)!;
        await p.InTurn(activation =>
        {
            activation.Turns.Open();
            host.Replace("the test says so");
            return true;
        });
        Assert.Contains("was not run", (await Assert.ThrowsAsync<RolledBackException>(() => call.WithTimeLimit())).Message, StringComparison.Ordinal);
        await p.Put(1);
        Assert.Equal((false, 1), (ran.HasHappened, await p.Get()));
    }

    private static void StartTimer(ParticipantGrain grain, Action tick) => grain.RegisterGrainTimer(
        () =>
        {
            tick();
            return Task.CompletedTask;
        },
        new GrainTimerCreationOptions(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(20)) { Interleave = true });
}
