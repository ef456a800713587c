using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>An enumeration of a grain without checkpointed state is one call (SPEC K5), although many calls bring its elements and its code runs on between them.</summary>
public sealed class RelayEnumerationTests(CheckpointedCluster cluster)
{
    private static readonly Script AtOnce = Script.Of(_ => Task.CompletedTask);

    public static MatrixTheoryData<bool, bool> Relays => new([false, true], [false, true]);

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task What_the_relay_receives_while_no_element_is_asked_for_comes_with_the_next_one(bool isReentrant, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await Relay(isReentrant);
        var received = new Signal();

        await p.Perform(Script.Of(self => ForEach(self.Own(relay), 2, i => i == 0 ? received.Happens : Task.CompletedTask, AtOnce, Script.Of(async inner =>
        {
            await inner.Own(q).Add(1);
            received.Set();
        }))));

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((1, 1), (atP.LastReceivedFrom(atQ), atQ.LastSequence));
    }

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task What_the_relay_sends_while_no_element_is_asked_for_carries_the_label_of_who_asked_last(bool isReentrant, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await Relay(isReentrant);
        var (hasElement, otherCallEnded, sent) = (new Signal(), new Signal(), new Signal());
        var enumerates = p.Perform(Script.Of(self => ForEach(
            self.Own(relay),
            2,
            async i =>
            {
                if (i > 0)
                    return;

                hasElement.Set();
                await sent.Happens;
            },
            AtOnce,
            Script.Of(async inner =>
            {
                await otherCallEnded.Happens;
                await inner.Own(q).Add(1);
                sent.Set();
            }))));
        await hasElement.Happens;
        await relay.Perform(AtOnce);
        otherCallEnded.Set();
        await enumerates;

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.True(atQ.LastReceivedFrom(atP) > 0);
        Assert.Equal((1, 1), (atP.LastReceivedFrom(atQ), atQ.LastSequence));
    }

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task For_a_client_each_element_is_a_call_of_its_own(bool isReentrant, bool acrossSilos)
    {
        var (b, c) = await cluster.Pair(acrossSilos);
        var relay = await Relay(isReentrant);

        await ForEach(relay, 1, _ => Task.CompletedTask, Script.Of(self => self.Own(b).Add(3)), Script.Of(self => self.Own(c).Add(3)));

        Assert.Equal(1, (await b.Ledger()).LastSequence);
        Assert.Empty((await c.Ledger()).Receipts);
    }

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task What_the_relay_receives_for_a_client_before_it_asks_for_the_next_element_may_be_in_that(bool isReentrant, bool acrossSilos)
    {
        var (b, c) = await cluster.Pair(acrossSilos);
        var relay = await Relay(isReentrant);
        var (received, goOn) = (new Signal(), new Signal());

        await ForEach(
            relay,
            2,
            async i =>
            {
                if (i > 0)
                    return;

                await received.Happens;
                goOn.Set();
            },
            AtOnce,
            Script.Of(async self =>
            {
                await self.Own(b).Add(3);
                received.Set();
                await goOn.Happens;
                await Task.Delay(100);
                await self.Own(c).Add(3);
            }));

        var (atB, atC) = (await b.Ledger(), await c.Ledger());
        Assert.Equal((1, 1), (atB.LastSequence, atC.LastReceivedFrom(atB)));
    }

    /// <summary>Its own label says as much. If it did not, every message of a long enumeration would name all grains that it has met.</summary>
    [Theory]
    [MemberData(nameof(Relays))]
    public async Task What_a_participant_has_been_told_with_one_element_is_not_passed_on_with_the_next_one(bool isReentrant, bool acrossSilos)
    {
        var (q, r) = await cluster.Pair(acrossSilos);
        var p = await cluster.New<IParticipantGrain>(0, "p");
        var relay = await Relay(isReentrant);

        await p.Perform(Script.Of(self =>
            ForEach(self.Own(relay), 1, _ => Task.CompletedTask, Script.Of(inner => inner.Own(q).Add(1)), Script.Of(inner => inner.Own(r).Add(1)))));

        var (atP, atQ, atR) = (await p.Ledger(), await q.Ledger(), await r.Ledger());
        Assert.Equal((1, 1), (atP.LastReceivedFrom(atQ), atP.LastReceivedFrom(atR)));
        Assert.True(atR.LastReceivedFrom(atP) > atQ.LastReceivedFrom(atP));
        Assert.Equal(0, atR.LastReceivedFrom(atQ));
    }

    /// <summary>It was the first one that was told, and its label does not come with the request of the second one.</summary>
    [Theory]
    [MemberData(nameof(Relays))]
    public async Task What_a_relay_has_been_told_for_one_participant_is_passed_on_when_it_asks_for_another_one(bool isReentrant, bool acrossSilos)
    {
        var (q, r) = await cluster.Pair(acrossSilos);
        var (first, second) = await cluster.Pair(acrossSilos);
        var (asks, relay) = (await cluster.New<IRelayGrain>(), await Relay(isReentrant));
        IAsyncEnumerator<int> elements = null!;

        await first.Perform(Script.Of(self => self.Own(asks).Perform(Script.Of(async inner =>
        {
            elements = inner.Own(relay).PerformEach([Script.Of(own => own.Own(q).Add(1)), Script.Of(own => own.Own(r).Add(1))]).WithBatchSize(1).GetAsyncEnumerator();
            Assert.True(await elements.MoveNextAsync());
        }))));
        await second.Perform(Script.Of(self => self.Own(asks).Perform(Script.Of(async inner =>
        {
            Assert.True(await elements.MoveNextAsync());
            await elements.DisposeAsync();
        }))));

        var (atQ, atR) = (await q.Ledger(), await r.Ledger());
        Assert.Equal(1, atR.LastReceivedFrom(atQ));
        Assert.True(atR.LastReceivedFrom(await second.Ledger()) > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_awaits_an_enumeration_is_who_has_asked_last(bool isReentrant)
    {
        var p = await cluster.New<IParticipantGrain>();
        var (asks, relay) = (await cluster.New<IRelayGrain>(), await Relay(isReentrant));
        IAsyncEnumerator<int> elements = null!;
        var awaited = new List<(bool, int)>();
        var look = Script.Of(self =>
        {
            var scope = RelayScope.Current(self.GrainContext);
            awaited.Add((scope.IsAwaitedByParticipant, scope.Awaiting.Count()));
            return Task.CompletedTask;
        });

        await p.Perform(Script.Of(self => self.Own(asks).Perform(Script.Of(async inner =>
        {
            elements = inner.Own(relay).PerformEach([look, look]).WithBatchSize(1).GetAsyncEnumerator();
            Assert.True(await elements.MoveNextAsync());
        }))));
        await asks.Perform(Script.Of(async inner =>
        {
            Assert.True(await elements.MoveNextAsync());
            await elements.DisposeAsync();
        }));

        Assert.Equal([(true, 1), (false, 0)], awaited);
    }

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task An_open_enumeration_and_another_call_do_not_mix_their_labels(bool isReentrant, bool acrossSilos)
    {
        var (b, c) = await cluster.Pair(acrossSilos);
        var relay = await Relay(isReentrant);

        await ForEach(relay, 1, i => i == 0 ? relay.Perform(Script.Of(self => self.Own(c).Add(3))) : Task.CompletedTask, Script.Of(self => self.Own(b).Add(3)), AtOnce);
        await relay.Perform(Script.Of(self => self.Own(c).Add(3)));

        Assert.Equal(1, (await b.Ledger()).LastSequence);
        Assert.Empty((await c.Ledger()).Receipts);
    }

    /// <summary>It is no part of the enumeration that began it, and of no other call.</summary>
    [Theory]
    [MemberData(nameof(Relays))]
    public async Task What_an_enumeration_has_begun_and_not_awaited_goes_on_without_its_labels(bool isReentrant, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await Relay(isReentrant);
        var (goOn, sent) = (new Signal(), new Signal());

        await p.Perform(Script.Of(self => ForEach(self.Own(relay), 1, _ => Task.CompletedTask, Script.Of(inner =>
        {
            _ = Pump();
            return Task.CompletedTask;

            async Task Pump()
            {
                await goOn.Happens;
                await inner.Own(q).Add(1);
                sent.Set();
            }
        }))));
        await relay.Perform(AtOnce);
        goOn.Set();
        await sent.Happens;

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((0, 0), (atQ.LastReceivedFrom(atP), atQ.LastSequence == 0 ? 0 : atP.LastReceivedFrom(atQ)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task An_enumeration_that_has_ended_or_that_its_caller_has_left_is_forgotten(int batchSize)
    {
        var relay = await Relay(isReentrant: false);
        var openAtEnd = -1;

        await ForEach(relay, batchSize, _ => Task.CompletedTask, AtOnce, AtOnce);
        await foreach (var element in relay.PerformEach([AtOnce, AtOnce]).WithBatchSize(batchSize))
        {
            if (element == 0)
                break;
        }

        await relay.Perform(Script.Of(self =>
        {
            openAtEnd = RelayEnumerations.Of(self.GrainContext).Count;
            return Task.CompletedTask;
        }));
        Assert.Equal(0, openAtEnd);
    }

    [Fact]
    public void Enumerations_that_the_runtime_has_ended_because_nobody_asked_for_more_are_forgotten_when_there_are_many()
    {
        var clock = new Clock();
        var enumerations = new RelayEnumerations(null!, isStatelessWorker: false, clock, TimeSpan.FromSeconds(30));
        for (var i = 0; i < 64; i++)
            enumerations.Open(Guid.NewGuid()).Exit();

        clock.Now += TimeSpan.FromSeconds(119);
        enumerations.Open(Guid.NewGuid()).Exit();
        Assert.Equal(65, enumerations.Count);

        clock.Now += TimeSpan.FromSeconds(2);
        for (var i = 0; i < 64; i++)
            enumerations.Open(Guid.NewGuid()).Exit();

        Assert.Equal(65, enumerations.Count);
    }

    /// <summary>Else whoever asks it for more would take it for one that has ended.</summary>
    [Fact]
    public void An_enumeration_that_has_lost_a_call_is_not_forgotten_like_one_that_has_ended()
    {
        var clock = new Clock();
        var enumerations = new RelayEnumerations(null!, isStatelessWorker: false, clock, TimeSpan.FromSeconds(30));
        var (whole, half) = (Guid.NewGuid(), Guid.NewGuid());
        enumerations.Open(whole).Exit();
        enumerations.Open(half).LoseCall(isAwaited: true);
        clock.Now += TimeSpan.FromMinutes(3);
        for (var i = 0; i < 64; i++)
            enumerations.Open(Guid.NewGuid());

        Assert.Equal((true, false), (enumerations.HasEnded(whole), enumerations.HasEnded(half)));
    }

    /// <summary>Its caller has left, and the runtime has given it up: what it still does carries what it has received.</summary>
    [Fact]
    public async Task The_labels_of_an_enumeration_stay_with_its_code_as_long_as_that_runs()
    {
        var enumeration = new RelayEnumerations(null!, isStatelessWorker: false, new Clock(), TimeSpan.FromSeconds(30)).Open(Guid.NewGuid());
        var (goOn, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        var elements = Elements();
        var next = enumeration.ToNext(elements);
        enumeration.Close();
        Assert.False(enumeration.IsOver);
        goOn.SetResult();
        Assert.True(await next);
        Assert.True(enumeration.IsOver);

        var ends = enumeration.End(elements);
        Assert.False(enumeration.IsOver);
        end.SetResult();
        await ends;
        Assert.True(enumeration.IsOver);

        async IAsyncEnumerator<int> Elements()
        {
            try
            {
                await goOn.Task;
                yield return 1;
            }
            finally
            {
                await end.Task;
            }
        }
    }

    /// <summary>Nothing is lost: the runtime says that there is no such enumeration any more, and so does the relay.</summary>
    [Theory]
    [InlineData("error")]
    [InlineData("worker")]
    public async Task Whoever_asks_an_enumeration_for_more_that_has_ended_or_runs_in_another_worker_has_lost_no_call(string kind)
    {
        var p = await cluster.New<IParticipantGrain>();
        IProbeGrain relay = kind == "worker" ? cluster.Client.GetGrain<IWorkerGrain>($"ended-{Guid.NewGuid()}") : await Relay(isReentrant: false);
        var errors = new List<Exception?>();

        await p.Perform(Script.Of(async self =>
        {
            await using var elements = self.Own(relay).PerformEach([Script.Of(_ => throw new InvalidOperationException("The relay's own code fails."))]).GetAsyncEnumerator();
            errors.Add(await Record.ExceptionAsync(() => elements.MoveNextAsync().AsTask()));
            errors.Add(await Record.ExceptionAsync(() => elements.MoveNextAsync().AsTask()));
        }));

        Assert.Equal([typeof(InvalidOperationException), typeof(EnumerationAbortedException)], errors.Select(error => error?.GetType()));
        Assert.False(await p.InTurn(activation => activation.HasLostCall));
    }

    /// <summary>As long as a batch is not full, the runtime begins with the next element as soon as there is one.</summary>
    private static async Task ForEach(IProbeGrain relay, int batchSize, Func<int, Task> then, params Script[] scripts)
    {
        await foreach (var i in relay.PerformEach(scripts).WithBatchSize(batchSize))
            await then(i);
    }

    private async Task<IProbeGrain> Relay(bool isReentrant) =>
        isReentrant ? await cluster.New<IReentrantRelayGrain>(1) : await cluster.New<IRelayGrain>(1);
}
