using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>Calls that wait longer than their callers do (SPEC K24), and activations that go away while calls wait.</summary>
public sealed class WaitingCallTests(CheckpointedCluster cluster)
{
    [Fact]
    public async Task A_parked_call_whose_caller_timed_out_is_not_run()
    {
        var q = await cluster.New<IParticipantGrain>();
        var (first, second) = (new Signal(), new Signal());
        await q.CloseGate();

        await Assert.ThrowsAsync<TimeoutException>(() => q.PerformInASecond(first.AsScript()));
        await UntilExpired(q);
        await q.OpenGate();
        await q.Perform(second.AsScript());

        Assert.Equal((false, true), (first.HasHappened, second.HasHappened));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_nested_call_that_timed_out_behind_another_handler_is_not_run_and_not_received(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var (began, goOn, ran) = (new Signal(), new Signal(), new Signal());
        var blocking = q.Perform(Script.Of(async _ =>
        {
            began.Set();
            await goOn.Happens;
        }));
        await began.Happens;

        await p.Perform(Script.Of(self => Assert.ThrowsAsync<TimeoutException>(() => self.Own(q).PerformInASecond(ran.AsScript()))));
        var atP = await p.Ledger();
        Assert.Equal((1, 0, 0), (atP.LastSequence, atP.Outstanding, atP.Receipts.Length));
        await UntilExpired(q);
        goOn.Set();
        await blocking;
        await q.Add(1);

        var atQ = await q.Ledger();
        Assert.Equal((false, 0, 0), (ran.HasHappened, atQ.Receipts.Length, atQ.Waiting));
    }

    [Fact]
    public async Task A_parked_call_that_was_cancelled_is_not_run()
    {
        var q = await cluster.New<IParticipantGrain>();
        var ran = new Signal();
        using var cancellation = new CancellationTokenSource();
        await q.CloseGate();
        var call = q.PerformCancellable(ran.AsScript(), cancellation.Token);
        await q.UntilWaiting(1);

        await cancellation.CancelAsync();
        await UntilExpired(q);
        await q.OpenGate();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WithTimeLimit());
        await q.Add(1);
        Assert.False(ran.HasHappened);
    }

    [Fact]
    public async Task A_timer_callback_never_expires()
    {
        var q = await cluster.New<IParticipantGrain>();
        var ran = new Signal();
        await q.CloseGate();
        await q.Inside(self =>
        {
            self.RegisterGrainTimer(_ => ran.AsScript().Run(self), new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
            return Task.CompletedTask;
        });
        await q.UntilWaiting(1);

        Assert.Null(await q.InTurn(activation => activation.Turns.Waiting[0].Expired(new FarFuture())));
        await q.OpenGate();
        await ran.Happens;
    }

    [Fact]
    public async Task Rejected_calls_end_with_the_reason_given()
    {
        var q = await cluster.New<IParticipantGrain>();
        var ran = new Signal();
        await q.CloseGate();
        var call = q.Perform(ran.AsScript());
        await q.UntilWaiting(1);

        await q.InTurn(activation =>
        {
            activation.Turns.RejectWaiting(() => new InvalidOperationException("gone"));
            return true;
        });

        Assert.Equal("gone", (await Assert.ThrowsAsync<InvalidOperationException>(() => call)).Message);
        await q.OpenGate();
        Assert.Equal(1, await q.Add(1));
        Assert.False(ran.HasHappened);
    }

    [Fact]
    public async Task A_grain_that_is_told_to_deactivate_runs_its_parked_roots_first()
    {
        var q = await cluster.New<IParticipantGrain>();
        await q.Add(1);
        await q.CloseGate();
        var parked = q.Add(1);
        await q.UntilWaiting(1);
        var activation = Live.Of(q);
        await q.InTurn(live =>
        {
            live.Context.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "test"));
            return true;
        });
        var later = q.Add(5);
        Assert.False(activation.Context.Deactivated.IsCompleted);

        await q.OpenGate();

        Assert.Equal(2, await parked.WithTimeLimit());
        await activation.Context.Deactivated.WithTimeLimit();
        Assert.Equal(5, await later.WithTimeLimit());
        Assert.NotSame(activation, Live.Of(q));
    }

    [Fact]
    public async Task A_grain_that_migrates_runs_its_parked_roots_first()
    {
        var q = await cluster.New<IParticipantGrain>(0);
        await q.CloseGate();
        var parked = q.Add(1);
        await q.UntilWaiting(1);
        var activation = Live.Of(q);
        var target = cluster.Cluster.Silos[1].SiloAddress;
        await q.InTurn(live =>
        {
            live.Context.Migrate(new Dictionary<string, object> { [Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey] = target });
            return true;
        });

        await q.OpenGate();

        Assert.Equal(1, await parked.WithTimeLimit());
        await activation.Context.Deactivated.WithTimeLimit();
        Assert.Equal(5, await q.Add(5));
        Assert.Equal(target, Live.Of(q).Context.Address.SiloAddress);
    }

    /// <summary>Until the only waiting call has expired, seen from the silo's side.</summary>
    private static async Task UntilExpired(IProbeGrain grain)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(25));
        while (!await grain.InTurn(activation => activation.Turns.Waiting[0].Expired(TimeProvider.System) is not null))
            limit.Token.ThrowIfCancellationRequested();
    }

    private sealed class FarFuture : TimeProvider
    {
        public override long GetTimestamp() => long.MaxValue / 2;
    }
}
