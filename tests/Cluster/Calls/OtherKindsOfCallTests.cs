using Checkpointing.Cluster.Tests.Kit;
using Orleans.Streams;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>The kinds of message that are not plain awaited calls between two participants: what is recorded of each.</summary>
public sealed class OtherKindsOfCallTests(CheckpointedCluster cluster)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_enumeration_brings_one_label_each_way_for_every_batch(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var items = new List<int>();

        await p.Perform(Script.Of(async self =>
        {
            await foreach (var item in self.Own(q).Count(10).WithBatchSize(1))
                items.Add(item);
        }));

        Assert.Equal(Enumerable.Range(1, 10), items);
        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.True(atP.LastSequence >= 10, $"{atP.LastSequence} labels for 10 batches");
        Assert.Equal(atP.LastSequence, atQ.LastSequence);
        Assert.Equal((atP.LastSequence, atQ.LastSequence), (atQ.LastReceivedFrom(atP), atP.LastReceivedFrom(atQ)));
        Assert.True(await q.InTurn(activation => activation.Turns.IsQuiescent));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_one_way_call_is_received_under_its_label_and_answered_by_none(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var ran = new Signal();

        await p.Perform(Script.Of(self => self.Own(q).Notify(ran.AsScript())));
        await ran.Happens;
        await p.Perform(Script.Of(self =>
        {
            self.Own(q).Tell(3);
            return Task.CompletedTask;
        }));
        await Live.UntilTold(q);

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((2, 2), (atP.LastSequence, atQ.LastReceivedFrom(atP)));
        Assert.Equal((0, 0, 0), (atQ.LastSequence, atP.Receipts.Length, atP.Outstanding));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_of_a_user_extension_is_a_call_like_any_other(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var ran = new Signal();

        await p.Perform(Script.Of(async self => Assert.Equal(7, await self.Own(q).AsReference<IProbeExtension>().Extend(ran.AsScript()))));

        Assert.True(ran.HasHappened);
        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((1, 1), (atP.LastSequence, atQ.LastReceivedFrom(atP)));
        Assert.Equal((1, 1), (atQ.LastSequence, atP.LastReceivedFrom(atQ)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_call_of_an_observer_carries_no_label(int silo)
    {
        var p = await cluster.New<IParticipantGrain>(silo);
        var observer = new ProbeObserver();
        var reference = cluster.Client.CreateObjectReference<IProbeObserver>(observer);

        await p.Perform(Script.Of(async self => Assert.Equal(5, await self.Own(reference).See(4))));

        var atP = await p.Ledger();
        Assert.Equal((0, 0, true), (atP.LastSequence, atP.Receipts.Length, atP.IsClean));
        GC.KeepAlive(observer);
    }

    [Fact]
    public async Task A_call_to_oneself_is_labelled_but_no_dependency()
    {
        var p = await cluster.New<IReentrantParticipantGrain>();

        await p.Perform(Script.Of(async self => Assert.Equal(1, await self.Own(p).Add(1))));

        var atP = await p.Ledger();
        Assert.Equal((2, 0), (atP.LastSequence, atP.Receipts.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_timer_callback_is_a_root_without_label_and_its_calls_are_labelled(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var done = new Signal();

        await p.Perform(Script.Of(self =>
        {
            self.RegisterGrainTimer(
                async _ =>
                {
                    await self.Own(q).Add(1);
                    done.Set();
                },
                new GrainTimerCreationOptions(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
            return Task.CompletedTask;
        }));
        await done.Happens;

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((1, 1), (atP.LastSequence, atQ.LastReceivedFrom(atP)));
        Assert.Equal((1, 1), (atQ.LastSequence, atP.LastReceivedFrom(atQ)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_reminder_is_a_root_without_label(int silo)
    {
        var p = await cluster.New<IParticipantGrain>(silo);
        var reminded = new Signal();
        Live.WhenReminded(p, _ =>
        {
            reminded.Set();
            return Task.CompletedTask;
        });

        await p.Perform(Script.Of(self => self.RegisterOrUpdateReminder("soon", TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2))));
        await reminded.Happens;

        var atP = await p.Ledger();
        Assert.Equal((0, 0), (atP.LastSequence, atP.Receipts.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_event_is_a_root_without_label(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var received = new Signal();
        var id = StreamId.Create("events", Guid.NewGuid());
        await q.Perform(Script.Of(self => self.GetStreamProvider("streams").GetStream<int>(id).SubscribeAsync((_, _) =>
        {
            received.Set();
            return Task.CompletedTask;
        })));

        await p.Perform(Script.Of(self => self.GetStreamProvider("streams").GetStream<int>(id).OnNextAsync(1)));
        await received.Happens;

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((0, 0), (atP.LastSequence, atP.Receipts.Length));
        Assert.Equal((0, 0), (atQ.LastSequence, atQ.Receipts.Length));
    }
}
