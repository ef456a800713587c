using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>The call path beside filters of the application.</summary>
public sealed class ApplicationFilterTests(FilteredCluster cluster) : IClassFixture<FilteredCluster>
{
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public Task Handlers_never_overlap_behind_a_filter_that_awaits(int seed) => ExclusionTests.RunUnderLoad(cluster, seed);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_outgoing_filter_sees_plain_results_and_labels_arrive(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);

        await p.Perform(Script.Of(async self => Assert.Equal([2, 4, 6], await self.Own(q).GetList())));
        await p.Perform(Script.Of(async self => Assert.Equal(1, await self.Own(q).Add(1))));
        await p.Perform(Script.Of(async self =>
            Assert.Equal("later", (await Assert.ThrowsAsync<InvalidOperationException>(() => self.Own(q).Fail("later"))).Message)));

        var (atP, atQ) = (await p.Ledger(), await q.Ledger());
        Assert.Equal((3, 3), (atP.LastSequence, atQ.LastReceivedFrom(atP)));
        Assert.Equal((3, 3), (atQ.LastSequence, atP.LastReceivedFrom(atQ)));
        Assert.Equal((0, 0), (atP.Outstanding, atQ.Outstanding));
    }
}
