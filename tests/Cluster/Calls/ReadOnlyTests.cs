using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>A read-only call of a grain that equals its permanent checkpoint creates no dependency (SPEC K6).</summary>
public sealed class ReadOnlyTests(CheckpointedCluster cluster)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_only_call_of_an_untouched_grain_leaves_no_receipt_on_either_side(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        await Untouched(q);

        await p.Perform(Script.Of(async self => Assert.Equal(0, await self.Own(q).Peek())));
        await p.Perform(Script.Of(self => Assert.ThrowsAsync<InvalidOperationException>(() =>
            self.Own(q).Peek(Script.Of(_ => throw new InvalidOperationException())))));

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((0, 0, 0), (atP.Receipts.Length, atQ.Receipts.Length, atQ.LastSequence));
        Assert.True(atQ.IsClean);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_change_it_is_a_call_like_any_other(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        await Untouched(q);
        await q.Add(1);

        await p.Perform(Script.Of(async self => Assert.Equal(1, await self.Own(q).Peek())));

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((1, 1), (atP.LastReceivedFrom(atQ), atQ.LastReceivedFrom(atP)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_a_checkpoint_is_undecided_it_is_a_call_like_any_other(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        await Untouched(q);
        await q.InTurn(activation => activation.Ledger.TakeTentative());

        await p.Perform(Script.Of(async self => Assert.Equal(0, await self.Own(q).Peek())));

        Assert.Equal(1, (await p.Ledger()).LastReceivedFrom(await q.Ledger()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_only_call_that_calls_on_is_a_call_like_any_other(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var r = await cluster.New<IParticipantGrain>(0, "r");
        await Untouched(q);

        await p.Perform(Script.Of(self => self.Own(q).Peek(Script.Of(inner => inner.Own(r).Add(1)))));

        var (atP, atQ, atR) = (await p.Ledger(), await q.Ledger(), await r.Ledger());
        Assert.Equal((1, 2), (atQ.LastReceivedFrom(atP), atP.LastReceivedFrom(atQ)));
        Assert.Equal(1, atR.LastReceivedFrom(atQ));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_beside_a_running_read_only_call_makes_it_a_dependency(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        await Untouched(q);
        var (began, goOn) = (new Signal(), new Signal());
        var reading = p.Perform(Script.Of(self => self.Own(q).Peek(Script.Of(async _ =>
        {
            began.Set();
            await goOn.Happens;
        }))));
        await began.Happens;

        await q.PerformInterleaved(Script.Of(self =>
        {
            self.Amount++;
            return Task.CompletedTask;
        }));
        goOn.Set();
        await reading;

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((1, 1), (atP.LastReceivedFrom(atQ), atQ.LastReceivedFrom(atP)));
    }

    // The call that activated the grain was not read-only; a checkpoint would clear the flag.
    private static Task<bool> Untouched(IProbeGrain grain) => grain.InTurn(activation => activation.StateMayHaveChanged = false);
}
