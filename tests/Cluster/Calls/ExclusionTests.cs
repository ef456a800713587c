using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>Handlers of a grain exclude each other by the rules of Orleans, whatever the gate does (SPEC K16).</summary>
public sealed class ExclusionTests(CheckpointedCluster cluster)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task Handlers_of_a_non_reentrant_grain_never_overlap_under_load(int seed) => RunUnderLoad(cluster, seed);

    /// <summary>32 clients and 32 participants call one grain while its gate opens and closes at random.</summary>
    internal static async Task RunUnderLoad(CheckpointedCluster cluster, int seed)
    {
        const int Callers = 32, Rounds = 40;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var q = await cluster.New<IParticipantGrain>(0, "q");
        var participants = await Task.WhenAll(Enumerable.Range(0, Callers).Select(i => cluster.New<IParticipantGrain>(i % 2, "p")));
        var relay = await cluster.New<IReentrantRelayGrain>(1);
        var steps = Enumerable.Range(0, 7).Select(yields => Script.Of(self => self.Alone(async () =>
        {
            for (var i = 0; i < yields; i++)
                await Task.Yield();
            self.Amount++;
        }))).ToArray();
        var choices = Enumerable.Range(0, 2 * Callers).Select(_ => new Random(random.Next())).ToArray();

        var clients = choices.Take(Callers).Select(choice => Task.Run(async () =>
        {
            for (var i = 0; i < Rounds; i++)
                await q.Perform(steps[choice.Next(steps.Length)]);
        }));
        var nested = participants.Zip(choices.Skip(Callers)).Select(pair => Task.Run(async () =>
        {
            var (p, choice) = pair;
            for (var i = 0; i < Rounds; i++)
            {
                var (step, relayed) = (steps[choice.Next(steps.Length)], choice.Next(4) == 0);
                await p.Perform(Script.Of(self => relayed
                    ? self.Own(relay).Perform(Script.Of(inner => inner.Own(q).Perform(step)))
                    : self.Own(q).Perform(step)));
            }
        }));
        var load = Task.WhenAll(clients.Concat(nested)).WithTimeLimit();

        while (!load.IsCompleted)
        {
            await q.CloseGate();
            for (var turns = random.Next(20); turns > 0; turns--)
                await q.InTurn(_ => true);
            await q.OpenGate();
            for (var turns = random.Next(10); turns > 0; turns--)
                await q.InTurn(_ => true);
        }

        await load;
        var (overlaps, amount) = await q.InTurn(activation =>
        {
            var grain = (ProbeGrain)activation.Context.GrainInstance!;
            return (grain.Overlaps, grain.Amount);
        });
        Assert.Equal((0, 2 * Callers * Rounds), (overlaps, amount));
        var atQ = await q.Ledger();
        Assert.Equal((0, 0, 0), (atQ.Active, atQ.Outstanding, atQ.Waiting));
        foreach (var p in participants)
        {
            var atP = await p.Ledger();
            Assert.Equal((Rounds, Rounds), (atP.LastSequence, atQ.LastReceivedFrom(atP)));
        }

        Assert.Equal(Callers * Rounds, atQ.LastSequence);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_root_does_not_start_beside_a_nested_call_when_the_gate_opens(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var (began, goOn, rootRan) = (new Signal(), new Signal(), new Signal());
        await q.CloseGate();
        var root = q.Perform(rootRan.AsScript());
        await q.UntilWaiting(1);
        var nested = p.Perform(Script.Of(self => self.Own(q).Perform(Script.Of(async _ =>
        {
            began.Set();
            await goOn.Happens;
        }))));
        await began.Happens;

        await q.OpenGate();
        var open = await q.Ledger();
        Assert.Equal((1, 1, false), (open.Active, open.Waiting, rootRan.HasHappened));

        goOn.Set();
        await Task.WhenAll(nested, root).WithTimeLimit();
    }

    [Fact]
    public async Task Calls_of_a_reentrant_grain_interleave()
    {
        var q = await cluster.New<IReentrantParticipantGrain>();

        await AssertInterleaves(q, (grain, script) => grain.Perform(script), (grain, script) => grain.Perform(script), interleaves: true);
    }

    [Fact]
    public async Task Read_only_calls_interleave_with_each_other_only()
    {
        var q = await cluster.New<IParticipantGrain>();

        await AssertInterleaves(q, (grain, script) => grain.Peek(script), (grain, script) => grain.Peek(script), interleaves: true);
        await AssertInterleaves(q, (grain, script) => grain.Peek(script), (grain, script) => grain.Perform(script), interleaves: false);
        await AssertInterleaves(q, (grain, script) => grain.Perform(script), (grain, script) => grain.Peek(script), interleaves: false);
    }

    [Fact]
    public async Task Always_interleaved_methods_run_beside_anything()
    {
        var q = await cluster.New<IParticipantGrain>();

        await AssertInterleaves(q, (grain, script) => grain.Perform(script), (grain, script) => grain.PerformInterleaved(script), interleaves: true);
        await AssertInterleaves(q, (grain, script) => grain.PerformInterleaved(script), (grain, script) => grain.Perform(script), interleaves: true);
    }

    [Fact]
    public async Task The_interleave_predicate_of_a_class_decides()
    {
        var q = await cluster.New<IPredicateParticipantGrain>();

        await AssertInterleaves(
            q, (grain, script) => grain.Perform(script), (grain, script) => grain.PerformNamed("interleave", script), interleaves: true);
        await AssertInterleaves(
            q, (grain, script) => grain.PerformNamed("interleave", script), (grain, script) => grain.Perform(script), interleaves: true);
        await AssertInterleaves(
            q, (grain, script) => grain.Perform(script), (grain, script) => grain.PerformNamed("exclude", script), interleaves: false);
    }

    /// <summary>Starts one call, holds it, and starts another from two participants: does it begin beside the first?</summary>
    private async Task AssertInterleaves<T>(T q, Func<T, Script, Task> first, Func<T, Script, Task> second, bool interleaves)
        where T : IProbeGrain
    {
        var p = await cluster.New<IParticipantGrain>(1, "p");
        var r = await cluster.New<IParticipantGrain>(0, "r");
        var (began, goOn, ran) = (new Signal(), new Signal(), new Signal());
        var running = p.Perform(Script.Of(self => first(self.Own(q), Script.Of(async _ =>
        {
            began.Set();
            await goOn.Happens;
        }))));
        await began.Happens;

        var other = r.Perform(Script.Of(self => second(self.Own(q), ran.AsScript())));
        if (interleaves)
        {
            await ran.Happens;
            await other.WithTimeLimit();
        }
        else
        {
            await q.UntilWaiting(1);
            Assert.False(ran.HasHappened);
        }

        goOn.Set();
        await Task.WhenAll(running, other).WithTimeLimit();
        Assert.True(ran.HasHappened);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_timer_runs_beside_a_handler_only_if_it_interleaves(bool interleaves)
    {
        var q = await cluster.New<IParticipantGrain>();
        var (began, goOn, plainRan, interleavingRan) = (new Signal(), new Signal(), new Signal(), new Signal());
        var running = q.Perform(Script.Of(async _ =>
        {
            began.Set();
            await goOn.Happens;
        }));
        await began.Happens;

        await q.Inside(self =>
        {
            Register(self, plainRan, interleave: false);
            if (interleaves)
                Register(self, interleavingRan, interleave: true);
            return Task.CompletedTask;
        });
        if (interleaves)
            await interleavingRan.Happens;

        Assert.False(plainRan.HasHappened);
        goOn.Set();
        await running.WithTimeLimit();
        await plainRan.Happens;

        static void Register(ProbeGrain self, Signal ran, bool interleave) => self.RegisterGrainTimer(
            _ => ran.AsScript().Run(self),
            new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan) { Interleave = interleave });
    }

    /// <summary>The runtime tells no filter whether a timer interleaves: none of these handlers is one on which it blocks, or it blocks on the tick itself.</summary>
    [Theory]
    [InlineData("read-only")]
    [InlineData("nested")]
    [InlineData("nested read-only")]
    public async Task An_interleaving_timer_ends_what_a_handler_waits_for(string kind)
    {
        var (p, q) = await cluster.Pair(acrossSilos: false);
        var (began, ticks) = (new Signal(), new Signal());
        var handler = Script.Of(async _ =>
        {
            began.Set();
            await ticks.Happens;
        });
        var running = kind switch
        {
            "read-only" => q.Peek(handler),
            "nested" => p.Perform(Script.Of(self => self.Own(q).Perform(handler))),
            _ => p.Perform(Script.Of(self => self.Own(q).Peek(handler))),
        };
        await began.Happens;
        await q.Inside(self =>
        {
            self.RegisterGrainTimer(_ => ticks.AsScript().Run(self), new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan) { Interleave = true });
            return Task.CompletedTask;
        });
        await running.WithTimeLimit();
    }

    [Fact]
    public async Task Calls_run_beside_a_long_callback_of_an_interleaving_timer_and_not_beside_another()
    {
        var q = await cluster.New<IParticipantGrain>();
        var (began, goOn, ran) = (new Signal(), new Signal(), new Signal());
        await Tick(interleave: true);
        await q.Add(1).WithTimeLimit();
        Assert.Equal(1, (await q.Ledger()).Active);
        goOn.Set();

        (began, goOn) = (new Signal(), new Signal());
        await Tick(interleave: false);
        var p = await cluster.New<IParticipantGrain>();
        var call = p.Perform(Script.Of(self => self.Own(q).Perform(ran.AsScript())));
        await q.UntilWaiting(1);
        Assert.False(ran.HasHappened);
        goOn.Set();
        await call.WithTimeLimit();

        async Task Tick(bool interleave)
        {
            var (begins, ends) = (began, goOn);
            await q.Inside(self =>
            {
                self.RegisterGrainTimer(
                    async _ =>
                    {
                        begins.Set();
                        await ends.Happens;
                    },
                    new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan) { Interleave = interleave });
                return Task.CompletedTask;
            });
            await begins.Happens;
        }
    }

    /// <summary>A reader awaits somebody who reads here. A writer that waits for the first reader must not stand between them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_only_call_back_passes_a_writer_that_waits_for_the_reader(bool isGateClosed)
    {
        var (p, q) = await cluster.Pair(acrossSilos: true);
        var (writer, reader) = (await cluster.New<IParticipantGrain>(0, "writer"), await cluster.New<IParticipantGrain>(1, "reader"));
        var (began, goOn, wrote) = (new Signal(), new Signal(), new Signal());
        var reading = reader.Perform(Script.Of(self => self.Own(q).Peek(Script.Of(async inner =>
        {
            began.Set();
            await goOn.Happens;
            await inner.Own(p).Perform(Script.Of(callee => callee.Own(q).Peek()));
        }))));
        await began.Happens;
        if (isGateClosed)
            await q.CloseGate();

        var writing = writer.Perform(Script.Of(self => self.Own(q).Perform(wrote.AsScript())));
        await q.UntilWaiting(1);
        goOn.Set();
        await reading.WithTimeLimit();
        await writing.WithTimeLimit();
        Assert.True(wrote.HasHappened);
        await q.OpenGate();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_call_back_on_a_reentrant_chain_runs_beside_its_caller_over_parked_roots(bool throughRelay, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await cluster.New<IRelayGrain>(0);
        var (began, goOn, ran) = (new Signal(), new Signal(), new Signal());
        var chain = p.Perform(Script.Of(async self =>
        {
            began.Set();
            await goOn.Happens;
            using var reentrancy = RequestContext.AllowCallChainReentrancy();
            var callBack = Script.Of(inner => inner.Own(p).Perform(ran.AsScript()));
            await (throughRelay
                ? self.Own(relay).Perform(Script.Of(inner => inner.Own(q).Perform(callBack)))
                : self.Own(q).Perform(callBack));
        }));
        await began.Happens;
        await p.CloseGate();
        await q.CloseGate();
        var root = q.Add(1);
        await q.UntilWaiting(1);

        goOn.Set();
        await chain.WithTimeLimit();

        Assert.Equal((true, false), (ran.HasHappened, root.IsCompleted));
        await q.OpenGate();
        await root;
        await p.OpenGate();
    }
}
