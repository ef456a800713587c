using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Checkpoints of a grain with open enumerations (SPEC K10).</summary>
public sealed class EnumerationOutcomeTests
{
    /// <summary>K10: a caller that has begun an enumeration and stays away counts as a running handler, but not for long.</summary>
    [Fact]
    public async Task A_round_goes_on_as_soon_as_an_enumeration_is_no_longer_in_use()
    {
        await using var cluster = await OutcomeCluster.Start(options: options => options.MaxPause = TimeSpan.FromSeconds(15));
        var p = cluster.New<IParticipantGrain>();
        await p.Put(1);
        await using var items = p.Count(5).WithBatchSize(1).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await items.MoveNextAsync());
        var result = await cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Committed, 1), (result.Status, result.Attempts));
        Assert.InRange(result.Pause, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        Assert.True(await items.MoveNextAsync());
    }

    /// <summary>K10, G3: the runtime begins with the next element before anybody asks for it.</summary>
    [Fact]
    public async Task No_checkpoint_is_taken_while_the_code_of_an_enumeration_runs_although_its_caller_stays_away()
    {
        await using var cluster = await OutcomeCluster.Start(options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromMilliseconds(300), 1));
        var p = cluster.New<IParticipantGrain>();
        var change = new ChangeInTwoSteps();
        await using var items = p.PerformEach(change.AfterOneElement).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await items.MoveNextAsync());
        await change.IsHalf.Happens;
        await Task.Delay(OpenEnumerations.IdleLimit * 1.5, TestContext.Current.CancellationToken);
        var result = await cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.TooBusy), (result.Status, result.Reason));

        change.GoOn.Set();
        await change.IsWhole.Happens;
        await Eventually.Holds(async () => (await cluster.Checkpoint(p)).Status == CheckpointStatus.Committed);
        Assert.Equal(2, await p.Get());
        Assert.True(await items.MoveNextAsync());
    }

    /// <summary>G7, K10: the grain moves, because no checkpoint can be taken.</summary>
    [Fact]
    public async Task A_grain_that_leaves_takes_no_half_of_what_the_code_of_an_enumeration_does_along()
    {
        await using var cluster = await OutcomeCluster.Start(silos: 2, options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromMilliseconds(300), 1));
        var p = cluster.New<IParticipantGrain>();
        var change = new ChangeInTwoSteps();
        await using var items = p.PerformEach(change.AfterOneElement).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await items.MoveNextAsync());
        await change.IsHalf.Happens;
        await p.InTurn(activation =>
        {
            activation.Context.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "test"), CancellationToken.None);
            return true;
        });
        await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);
        change.GoOn.Set();
        await Eventually.Holds(async () => await p.Look((ParticipantGrain self) => self.Sum.State) == 2);
    }

    /// <summary>It may wait for what never comes. What it changes later is a change like any other.</summary>
    [Fact]
    public async Task Code_of_an_enumeration_that_runs_for_long_holds_up_no_checkpoint_and_is_noticed()
    {
        await using var cluster = await OutcomeCluster.Start(options: options => options.MaxPause = TimeSpan.FromMilliseconds(300));
        var p = cluster.New<IParticipantGrain>();
        var change = new ChangeInTwoSteps();
        await using var items = p.PerformEach(change.AfterOneElement).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await items.MoveNextAsync());
        await change.IsHalf.Happens;
        await Eventually.Holds(async () => (await cluster.Checkpoint(p)).Status == CheckpointStatus.Committed);
        await Eventually.Holds(async () => (await cluster.CheckpointAll()).Status == CheckpointStatus.NothingToDo && !await p.InTurn(activation => activation.StateMayHaveChanged));

        // It may change it and go on to wait.
        await p.InTurn(activation => ((ParticipantGrain)activation.Context.GrainInstance!).Sum.State = 7);
        await Eventually.Holds(async () => (await cluster.CheckpointAll()).Status == CheckpointStatus.Committed);
        Assert.Equal(7, cluster.Stored(p));

        change.GoOn.Set();
        await change.IsWhole.Happens;
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.True(await p.InTurn(activation => activation.StateMayHaveChanged));
        await Eventually.Holds(async () => (await cluster.CheckpointAll()).Status == CheckpointStatus.Committed);
        Assert.Equal(2, await p.Look((ParticipantGrain self) => self.Sum.State));
    }

    /// <summary>G3: a move takes the half that is done along, and the code that would do the other half is gone.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_participant_that_asks_a_grain_that_has_moved_for_the_next_element_rolls_back_with_it(bool throughRelay)
    {
        await using var cluster = await OutcomeCluster.Start(silos: 2, options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromMilliseconds(300), 1));
        var (p, q) = (await cluster.OnceCheckpointed(), await cluster.OnceCheckpointed());
        var relay = cluster.New<IRelayGrain>();
        var (hasElement, hasMoved) = (new Signal(), new Signal());
        var halves = new[] { Script.Of(Add), Script.Of(Add) };
        var chain = p.Put(1, self => throughRelay ? self.Own(relay).Perform(Script.Of(Enumerate)) : Enumerate(self));
        await hasElement.Happens;
        await q.InTurn(activation =>
        {
            _ = activation.Context.Deactivated.ContinueWith(_ => hasMoved.Set(), TaskScheduler.Default);
            activation.Context.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "test"), CancellationToken.None);
            return true;
        });

        await Assert.ThrowsAsync<RolledBackException>(() => chain);
        await cluster.Log.Until($"{p.GetGrainId()} rolled back to its permanent checkpoint");
        await cluster.Log.Until($"{q.GetGrainId()} rolled back to its permanent checkpoint");
        Assert.Equal((1, 1), (await Again(p.Get), await Again(q.Get)));

        async Task Enumerate(ProbeGrain self)
        {
            await foreach (var element in self.Own(q).PerformEach(halves).WithBatchSize(1))
            {
                hasElement.Set();
                await hasMoved.Happens;
            }
        }

        static Task Add(ProbeGrain self)
        {
            ((ParticipantGrain)self).Sum.State++;
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("ended")]
    [InlineData("failed")]
    public async Task A_participant_that_asks_an_enumeration_for_more_that_has_ended_has_lost_no_call(string kind)
    {
        await using var cluster = await OutcomeCluster.Start();
        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        await p.Perform(Script.Of(async self =>
        {
            var elements = self.Own(q).PerformEach(kind == "failed" ? [Script.Of(_ => throw new InvalidOperationException("The grain's own code fails."))] : []).GetAsyncEnumerator();
            var first = await Record.ExceptionAsync(async () => Assert.False(await elements.MoveNextAsync()));
            var second = await Record.ExceptionAsync(async () => Assert.False(await elements.MoveNextAsync()));
            Assert.Equal(kind == "failed" ? (typeof(InvalidOperationException), typeof(EnumerationAbortedException)) : (null, null), (first?.GetType(), second?.GetType()));
            await elements.DisposeAsync();
        }));
        Assert.False(await p.InTurn(activation => activation.HasLostCall));
    }

    /// <summary>The runtime ends it all the same: its first call may have arrived.</summary>
    [Fact]
    public async Task An_enumeration_that_has_not_begun_is_not_lost()
    {
        var isRefused = false;
        await using var cluster = await OutcomeCluster.Start(configure: silo => silo.AddOutgoingGrainCallFilter(context =>
        {
            if (context.MethodName.StartsWith("StartEnumeration", StringComparison.Ordinal))
            {
                isRefused = true;
                throw new InvalidOperationException("A filter of the application refuses it.");
            }

            return context.Invoke();
        }));
        var (p, relay) = (cluster.New<IParticipantGrain>("p"), cluster.New<IRelayGrain>("relay"));
        await p.Perform(Script.Of(async self =>
        {
            await using var elements = self.Own(relay).Count(1).GetAsyncEnumerator();
            await Assert.ThrowsAsync<InvalidOperationException>(() => elements.MoveNextAsync().AsTask());
        }));
        Assert.Equal((true, false), (isRefused, await p.InTurn(activation => activation.HasLostCall)));
    }

    /// <summary>K6: it may have read what the code has just changed, which is in no checkpoint.</summary>
    [Fact]
    public async Task Whoever_reads_a_grain_while_the_code_of_an_enumeration_runs_depends_on_it()
    {
        await using var cluster = await OutcomeCluster.Start(options: options => options.MaxPause = TimeSpan.FromMilliseconds(300));
        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        var change = new ChangeInTwoSteps();
        await using var items = q.PerformEach(change.AfterOneElement).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await items.MoveNextAsync());
        await change.IsHalf.Happens;
        await Eventually.Holds(async () => (await cluster.Checkpoint(q)).Status == CheckpointStatus.Committed);
        Assert.True(await q.InTurn(activation => activation.IsUntouched));
        await q.InTurn(activation => ((ParticipantGrain)activation.Context.GrainInstance!).Sum.State = 7);

        await p.Perform(Script.Of(self => self.Own(q).Peek()));
        Assert.True((await p.Ledger()).LastReceivedFrom(await q.Ledger()) > 0);
        change.GoOn.Set();
        await change.IsWhole.Happens;
    }

    private static async Task<int> Again(Func<Task<int>> call)
    {
        var sum = 0;
        await Eventually.Holds(async () => await Record.ExceptionAsync(async () => sum = await call()) is not RolledBackException);
        return sum;
    }

    private sealed class ChangeInTwoSteps
    {
        public ChangeInTwoSteps() => AfterOneElement =
        [
            Script.Of(_ => Task.CompletedTask),
            Script.Of(async self =>
            {
                ((ParticipantGrain)self).Sum.State = 1;
                IsHalf.Set();
                await GoOn.Happens;
                ((ParticipantGrain)self).Sum.State = 2;
                IsWhole.Set();
            }),
        ];

        public Script[] AfterOneElement { get; }

        public Signal IsHalf { get; } = new();

        public Signal GoOn { get; } = new();

        public Signal IsWhole { get; } = new();
    }
}
