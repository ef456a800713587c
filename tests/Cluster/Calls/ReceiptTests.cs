using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>For each kind of call between participants: who records which label of whom (SPEC D2, D4).</summary>
public sealed class ReceiptTests(CheckpointedCluster cluster)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_kind_of_two_way_call_brings_one_label_each_way(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var calls = new (string Kind, Func<IParticipantGrain, Task> Call)[]
        {
            ("Task", target => target.Perform(Script.Of(_ => Task.CompletedTask))),
            ("Task of int", async target => Assert.Equal(1, await target.Add(1))),
            ("ValueTask", async target => await target.AddValue(1)),
            ("ValueTask of int", async target => Assert.Equal(3, await target.AddValueAndGet(1))),
            ("Task of null", async target => Assert.Null(await target.GetNothing())),
            ("Task of list", async target => Assert.Equal([1, 2, 3], await target.GetList())),
            ("thrown at once", target => AssertFails<InvalidOperationException>(target.Fail("at once"), "at once")),
            ("thrown later", target => AssertFails<InvalidOperationException>(target.Fail("later"), "later", "FailLater")),
            ("cancelled", target => AssertFails<TaskCanceledException>(target.Fail("cancelled"), null)),
            ("several", target => AssertFails<InvalidOperationException>(target.Fail("many"), "many")),
            ("thrown by ValueTask", target => AssertFails<InvalidOperationException>(target.FailValue("value").AsTask(), "value")),
        };

        for (var i = 0; i < calls.Length; i++)
        {
            var (kind, call) = calls[i];
            await p.Perform(Script.Of(self => call(self.Own(q))));
            var (atP, atQ) = (await p.Ledger(), await q.Ledger());
            Assert.Equal((kind, i + 1L, i + 1L), (kind, atP.LastSequence, atQ.LastReceivedFrom(atP)));
            Assert.Equal((kind, i + 1L, i + 1L), (kind, atQ.LastSequence, atP.LastReceivedFrom(atQ)));
            Assert.Equal((0, 0, 0), (atP.Active, atP.Outstanding, atP.Waiting));
            Assert.Equal((0, 0, 0), (atQ.Active, atQ.Outstanding, atQ.Waiting));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Parallel_calls_bring_as_many_labels_back_as_were_sent(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);

        await p.Perform(Script.Of(self => Task.WhenAll(Enumerable.Range(0, 200).Select(_ => self.Own(q).Add(1)))));

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((200, 200), (atP.LastSequence, atQ.LastReceivedFrom(atP)));
        Assert.Equal((200, 200), (atQ.LastSequence, atP.LastReceivedFrom(atQ)));
    }

    [Fact]
    public async Task A_client_without_the_library_leaves_no_label()
    {
        var q = await cluster.New<IParticipantGrain>();

        Assert.Equal(5, await q.Add(5));
        await AssertFails<InvalidOperationException>(q.Fail("at once"), "at once");

        var atQ = await q.Ledger();
        Assert.Equal((0, 0), (atQ.LastSequence, atQ.Receipts.Length));
    }

    private static async Task AssertFails<T>(Task call, string? message, string? frame = null)
        where T : Exception
    {
        var exception = await Assert.ThrowsAsync<T>(() => call);
        if (message is not null)
            Assert.Equal(message, exception.Message);
        if (frame is not null)
            Assert.Contains(frame, exception.ToString(), StringComparison.Ordinal);
    }
}
