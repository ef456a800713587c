using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>Grains without checkpointed state pass on what they received, both ways (SPEC K5).</summary>
public sealed class RelayTests(CheckpointedCluster cluster)
{
    public static MatrixTheoryData<string, bool> Relays => new(["relay", "reentrant relay", "stateless worker"], [false, true]);

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task A_dependency_passes_through_a_relay_both_ways(string kind, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await Relay(kind);

        await p.Perform(Script.Of(self => self.Own(relay).Perform(Script.Of(inner => inner.Own(q).Add(1)))));

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((1, 1), (atP.LastSequence, atQ.LastReceivedFrom(atP)));
        Assert.Equal((1, 1), (atQ.LastSequence, atP.LastReceivedFrom(atQ)));
    }

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task What_a_client_reads_from_one_grain_and_writes_to_another_through_a_relay_is_a_dependency(string kind, bool acrossSilos)
    {
        var (b, c) = await cluster.Pair(acrossSilos);
        var relay = await Relay(kind);

        await relay.Perform(Script.Of(async self => await self.Own(c).Add(await self.Own(b).Add(3))));

        var (atB, atC) = (await b.Ledger(), await c.Ledger());
        Assert.Equal((1, 1), (atB.LastSequence, atC.LastReceivedFrom(atB)));
        Assert.Empty(atB.Receipts);
    }

    [Theory]
    [MemberData(nameof(Relays))]
    public async Task An_exception_and_a_union_of_labels_pass_through_relays_in_a_row(string kind, bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var r = await cluster.New<IParticipantGrain>(0, "r");
        var (outer, inner) = (await cluster.New<IRelayGrain>(1), await Relay(kind));

        await p.Perform(Script.Of(self => Assert.ThrowsAsync<InvalidOperationException>(() =>
            self.Own(outer).Perform(Script.Of(first => first.Own(inner).Perform(Script.Of(async second =>
            {
                await second.Own(q).Add(1);
                await second.Own(r).Fail("later");
            })))))));

        var (atP, atQ, atR) = (await p.Ledger(), await q.Ledger(), await r.Ledger());
        Assert.Equal((1, 1), (atP.LastReceivedFrom(atQ), atP.LastReceivedFrom(atR)));
        Assert.Equal((1, 0), (atQ.LastReceivedFrom(atP), atQ.LastReceivedFrom(atR)));
        Assert.Equal((1, 1), (atR.LastReceivedFrom(atP), atR.LastReceivedFrom(atQ)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_relay_forgets_what_it_received_when_its_call_has_ended(bool acrossSilos)
    {
        var (b, c) = await cluster.Pair(acrossSilos);
        var relay = await cluster.New<IRelayGrain>();

        await relay.Perform(Script.Of(self => self.Own(b).Add(3)));
        await relay.Perform(Script.Of(self => self.Own(c).Add(3)));

        Assert.Empty((await c.Ledger()).Receipts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_that_overlap_on_a_reentrant_relay_do_not_mix_their_labels(bool acrossSilos)
    {
        var (b, c) = await cluster.Pair(acrossSilos);
        var relay = await cluster.New<IReentrantRelayGrain>();
        var (read, wrote) = (new Signal(), new Signal());

        var reader = relay.Perform(Script.Of(async self =>
        {
            await self.Own(b).Add(3);
            read.Set();
            await wrote.Happens;
        }));
        await read.Happens;
        await relay.Perform(Script.Of(self => self.Own(c).Add(3)));
        wrote.Set();
        await reader;

        Assert.Empty((await c.Ledger()).Receipts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_one_way_call_of_a_relay_carries_the_labels_on(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var relay = await cluster.New<IRelayGrain>();
        var ran = new Signal();

        await p.Perform(Script.Of(self => self.Own(relay).Perform(Script.Of(inner => inner.Own(q).Notify(ran.AsScript())))));
        await ran.Happens;

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((1, 1, 0), (atP.LastSequence, atQ.LastReceivedFrom(atP), atQ.LastSequence));
    }

    private async Task<IProbeGrain> Relay(string kind) => kind switch
    {
        "relay" => await cluster.New<IRelayGrain>(1),
        "reentrant relay" => await cluster.New<IReentrantRelayGrain>(1),
        _ => cluster.Client.GetGrain<IWorkerGrain>("worker"),
    };
}
