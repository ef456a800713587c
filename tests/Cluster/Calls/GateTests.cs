using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;
using Orleans.Streams;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>What a closed gate parks and what it lets pass (SPEC D6).</summary>
public sealed class GateTests(CheckpointedCluster cluster)
{
    /// <summary>Every kind of root, and whether participants, or who calls them, are on two silos.</summary>
    public static MatrixTheoryData<string, bool> Roots => new(
        [
            "client call",
            "client ValueTask",
            "client ValueTask<T>",
            "client call that fails",
            "client enumeration",
            "client one-way",
            "client read-only",
            "client always-interleave",
            "client extension",
            "one-way of a participant",
            "relay for a client",
            "timer",
            "reminder",
            "stream",
        ],
        [false, true]);

    public static MatrixTheoryData<string, bool> AwaitedCalls => new(
        [
            "call",
            "ValueTask",
            "ValueTask<T>",
            "call that fails",
            "ValueTask<T> that fails",
            "read-only",
            "always-interleave",
            "extension",
            "enumeration",
            "relay",
            "reentrant relay",
            "stateless worker",
        ],
        [false, true]);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_nested_call_passes_a_parked_root_of_a_non_reentrant_grain(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        await q.CloseGate();
        var root = q.Add(1);
        await q.UntilWaiting(1);

        for (var i = 0; i < 20; i++)
            await p.Perform(Script.Of(self => self.Own(q).Add(10))).WithTimeLimit();

        Assert.False(root.IsCompleted);
        await q.OpenGate();
        Assert.Equal(201, await root);
    }

    [Theory]
    [MemberData(nameof(Roots))]
    public async Task A_root_is_parked_and_runs_when_the_gate_opens(string kind, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await cluster.New<IRelayGrain>(1);
        var ran = new Signal();
        var stream = StreamId.Create("events", Guid.NewGuid());
        if (kind == "stream")
            await q.Perform(Script.Of(self => self.GetStreamProvider("streams").GetStream<int>(stream).SubscribeAsync((_, _) => ran.AsScript().Run(self))));
        Live.WhenReminded(q, ran.AsScript().Run);
        await q.CloseGate();

        var sent = kind switch
        {
            "client call" => q.Perform(ran.AsScript()),
            "client ValueTask" => Ran(q.AddValue(1).AsTask(), ran),
            "client ValueTask<T>" => Ran(q.AddValueAndGet(1).AsTask(), ran),
            "client call that fails" => Ran(Assert.ThrowsAsync<InvalidOperationException>(() => q.Fail("later")), ran),
            "client enumeration" => Ran(FirstOf(q.Count(3).WithBatchSize(1)), ran),
            "client one-way" => q.Notify(ran.AsScript()),
            "client read-only" => q.Peek(ran.AsScript()),
            "client always-interleave" => q.PerformInterleaved(ran.AsScript()),
            "client extension" => q.AsReference<IProbeExtension>().Extend(ran.AsScript()),
            "one-way of a participant" => p.Perform(Script.Of(self => self.Own(q).Notify(ran.AsScript()))),
            "relay for a client" => relay.Perform(Script.Of(self => self.Own(q).Perform(ran.AsScript()))),
            "timer" => q.Inside(self =>
            {
                self.RegisterGrainTimer(_ => ran.AsScript().Run(self), new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
                return Task.CompletedTask;
            }),
            "reminder" => q.Inside(self => self.RegisterOrUpdateReminder("soon", TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2))),
            "stream" => p.Perform(Script.Of(self => self.GetStreamProvider("streams").GetStream<int>(stream).OnNextAsync(1))),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

        await q.UntilWaiting(1);
        var parked = await q.Ledger();
        Assert.Equal((0, false), (parked.Receipts.Length, ran.HasHappened));
        await q.OpenGate();
        await ran.Happens;
        await sent.WithTimeLimit();
    }

    [Theory]
    [MemberData(nameof(AwaitedCalls))]
    public async Task A_call_that_a_participant_awaits_passes_the_gate(string kind, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await cluster.New<IRelayGrain>(1);
        var reentrantRelay = await cluster.New<IReentrantRelayGrain>(1);
        var ran = new Signal();
        await q.CloseGate();
        var root = q.Add(1);
        await q.UntilWaiting(1);

        await p.Perform(Script.Of(async self =>
        {
            switch (kind)
            {
                case "call":
                    await self.Own(q).Perform(ran.AsScript());
                    break;
                case "ValueTask":
                    await Ran(self.Own(q).AddValue(1).AsTask(), ran);
                    break;
                case "ValueTask<T>":
                    await Ran(self.Own(q).AddValueAndGet(1).AsTask(), ran);
                    break;
                case "call that fails":
                    await Ran(Assert.ThrowsAsync<InvalidOperationException>(() => self.Own(q).Fail("later")), ran);
                    break;
                case "ValueTask<T> that fails":
                    await Ran(Assert.ThrowsAsync<InvalidOperationException>(async () => await self.Own(q).FailValue("later")), ran);
                    break;
                case "read-only":
                    await self.Own(q).Peek(ran.AsScript());
                    break;
                case "always-interleave":
                    await self.Own(q).PerformInterleaved(ran.AsScript());
                    break;
                case "extension":
                    await self.Own(q).AsReference<IProbeExtension>().Extend(ran.AsScript());
                    break;
                case "enumeration":
                    await foreach (var item in self.Own(q).Count(3).WithBatchSize(1))
                        ran.Set();
                    break;
                case "relay":
                    await self.Own(relay).Perform(Script.Of(inner => inner.Own(q).Perform(ran.AsScript())));
                    break;
                case "reentrant relay":
                    await self.Own(reentrantRelay).Perform(Script.Of(inner => inner.Own(q).Perform(ran.AsScript())));
                    break;
                default:
                    await self.Factory.GetGrain<IWorkerGrain>("w").Perform(Script.Of(inner => inner.Own(q).Perform(ran.AsScript())));
                    break;
            }
        })).WithTimeLimit();

        Assert.Equal((true, false), (ran.HasHappened, root.IsCompleted));
        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        if (kind != "read-only")
            Assert.Equal((atP.LastSequence, atQ.LastSequence), (atQ.LastReceivedFrom(atP), atP.LastReceivedFrom(atQ)));
        await q.OpenGate();
        await root;
    }

    [Theory]
    [InlineData("reentrant class")]
    [InlineData("always-interleave")]
    [InlineData("reentrant call chain")]
    public async Task A_call_to_oneself_passes_the_own_gate(string kind)
    {
        var isReentrant = kind == "reentrant class";
        IProbeGrain p = isReentrant ? await cluster.New<IReentrantParticipantGrain>() : await cluster.New<IParticipantGrain>();
        var (began, goOn, ran) = (new Signal(), new Signal(), new Signal());
        var running = p.Perform(Script.Of(async self =>
        {
            began.Set();
            await goOn.Happens;
            using var reentrancy = kind == "reentrant call chain" ? RequestContext.AllowCallChainReentrancy() : default;
            await (kind == "always-interleave" ? self.Own(p).PerformInterleaved(ran.AsScript()) : self.Own(p).Perform(ran.AsScript()));
        }));
        await began.Happens;
        await p.CloseGate();
        var root = p.Add(1);

        goOn.Set();
        await running.WithTimeLimit();
        await p.UntilWaiting(1);

        Assert.Equal((true, false), (ran.HasHappened, root.IsCompleted));
        var atP = await p.Ledger();
        Assert.Equal((2, 0, 1), (atP.LastSequence, atP.Receipts.Length, atP.Waiting));
        Assert.True(await p.InTurn(activation => activation.Turns.IsQuiescent));
        await p.OpenGate();
        await root;
    }

    /// <summary>An observer has no gate; who awaits it has not drained.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_call_to_an_observer_goes_out_through_a_closed_gate_and_is_waited_for(int silo)
    {
        var p = await cluster.New<IParticipantGrain>(silo);
        var observer = new SlowObserver();
        var reference = cluster.Client.CreateObjectReference<IProbeObserver>(observer);
        var (began, goOn) = (new Signal(), new Signal());
        var running = p.Perform(Script.Of(async self =>
        {
            began.Set();
            await goOn.Happens;
            Assert.Equal(5, await self.Own(reference).See(4));
        }));
        await began.Happens;
        await p.CloseGate();
        var root = p.Add(1);

        goOn.Set();
        await observer.Asked.Happens;
        Assert.False(await p.InTurn(activation => activation.Turns.IsQuiescent));
        observer.Answer.Set();
        await running.WithTimeLimit();
        await p.UntilWaiting(1);

        var atP = await p.Ledger();
        Assert.Equal((0, 0, 0, 1), (atP.LastSequence, atP.Receipts.Length, atP.Outstanding, atP.Waiting));
        Assert.True(await p.InTurn(activation => activation.Turns.IsQuiescent));
        Assert.False(root.IsCompleted);
        await p.OpenGate();
        await root;
        GC.KeepAlive(observer);
    }

    [Fact]
    public async Task A_client_may_finish_an_enumeration_that_is_open_when_the_gate_closes()
    {
        var q = await cluster.New<IParticipantGrain>();
        await using var items = q.Count(5).WithBatchSize(1).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await items.MoveNextAsync());

        await q.CloseGate();
        Assert.False(await q.InTurn(activation => activation.Turns.IsQuiescent));
        while (await items.MoveNextAsync())
            Assert.InRange(items.Current, 2, 5);

        Assert.True(await q.InTurn(activation => activation.Turns.IsQuiescent));
        await q.OpenGate();
    }

    /// <summary>Of an enumeration only the method's own code is counted by itself.</summary>
    [Fact]
    public async Task What_the_filter_of_a_grain_does_before_the_code_of_an_enumeration_is_a_running_handler()
    {
        var q = await cluster.New<IFilteredParticipantGrain>();
        var (began, goOn) = (new Signal(), new Signal());
        await q.InTurn(activation => ((FilteredParticipantGrain)activation.Context.GrainInstance!).BeforeCall = context =>
        {
            if (context.InterfaceMethod.DeclaringType != typeof(IAsyncEnumerableGrainExtension))
                return Task.CompletedTask;

            began.Set();
            return goOn.Happens;
        });
        await using var items = q.Count(1).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var first = items.MoveNextAsync().AsTask();
        await began.Happens;
        Assert.False(await q.InTurn(activation => activation.Turns.IsQuiescent));
        await Task.Delay(OpenEnumerations.IdleLimit * 1.5, TestContext.Current.CancellationToken);
        Assert.False(await q.InTurn(activation => activation.Turns.IsQuiescent));
        goOn.Set();
        Assert.True(await first.WithTimeLimit());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_capture_runs_in_the_turn_that_ends_the_last_handler(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var r = await cluster.New<IParticipantGrain>(1);
        var (began, goOn) = (new Signal(), new Signal());
        var running = p.Perform(Script.Of(async self =>
        {
            began.Set();
            await goOn.Happens;
            await self.Own(q).Add(1);
            self.Amount = 1;
        }));
        await began.Happens;
        var captured = new TaskCompletionSource<(int Amount, long Label, int Waiting)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await p.InTurn(activation =>
        {
            var grain = (ProbeGrain)activation.Context.GrainInstance!;
            activation.Turns.WhenQuiescent(() =>
                captured.SetResult((grain.Amount, activation.Ledger.LastSequence, activation.Turns.WaitingCalls)));
            return true;
        });
        var next = r.Perform(Script.Of(self => self.Own(p).PerformNamed("next", Script.Of(inner =>
        {
            inner.Amount = 2;
            return Task.CompletedTask;
        }))));
        await p.UntilWaiting(1);
        Assert.False(captured.Task.IsCompleted);

        goOn.Set();

        Assert.Equal((1, 1, 1), await captured.Task.WithTimeLimit());
        await Task.WhenAll(running, next).WithTimeLimit();
    }

    private static async Task Ran(Task call, Signal ran)
    {
        await call;
        ran.Set();
    }

    private static async Task FirstOf(IAsyncEnumerable<int> items)
    {
        await foreach (var item in items)
        {
            Assert.Equal(1, item);
            return;
        }

        Assert.Fail("There is no item.");
    }

    private sealed class SlowObserver : IProbeObserver
    {
        public Signal Asked { get; } = new();

        public Signal Answer { get; } = new();

        public async Task<int> See(int amount)
        {
            Asked.Set();
            await Answer.Happens;
            return amount + 1;
        }
    }
}
