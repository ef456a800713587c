using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Orleans.Configuration;

namespace Checkpointing.Cluster.Tests.Recovery;

public sealed class ExpiredEnumerationTests
{
    /// <summary>Orleans ends an enumeration that nobody has asked for more during two response timeouts, from a timer.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_end_of_an_enumeration_of_a_relay_sends_carries_its_labels_although_no_call_brings_it(bool isReentrant)
    {
        await using var cluster = await OutcomeCluster.Start(
            options: options => options.MaxPause = TimeSpan.FromMilliseconds(300),
            configure: silo => silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(1)));
        var (b, q) = (cluster.New<IParticipantGrain>("b"), cluster.New<IParticipantGrain>("q"));
        IProbeGrain relay = isReentrant ? cluster.New<IReentrantRelayGrain>() : cluster.New<IRelayGrain>();
        var ended = new Signal();
        Script[] scripts = [Script.Of(self => self.Own(b).Put(1)), Script.Of(_ => Task.CompletedTask)];
        await using var elements = relay.PerformEach(scripts, Script.Of(async self =>
        {
            await self.Own(q).Put(1);
            ended.Set();
        })).WithBatchSize(1).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await elements.MoveNextAsync());
        await ended.Happens;
        Assert.Equal(1, (await q.Ledger()).LastReceivedFrom(await b.Ledger()));
    }
}
