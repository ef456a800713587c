using Checkpointing.Cluster.Tests.Kit;
using Orleans.Configuration;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Collection of idle grains, in a cluster that is quick to collect.</summary>
public sealed class IdleCollectionTests
{
    [Fact]
    public async Task Changed_grains_outlive_the_collection_age_and_unchanged_ones_are_collected()
    {
        await using var cluster = await OutcomeCluster.Start(configure: silo => silo.Configure<GrainCollectionOptions>(collection =>
        {
            collection.CollectionAge = TimeSpan.FromSeconds(2);
            collection.CollectionQuantum = TimeSpan.FromSeconds(1);
        }));
        var (changed, unchanged) = (cluster.New<IParticipantGrain>("changed"), cluster.New<IParticipantGrain>("unchanged"));
        await changed.Put(1);
        var activation = Live.Of(changed);
        Assert.Equal(0, await unchanged.Get());

        // The second comes a whole age after the first: by then the changed grain was up for collection too.
        await cluster.Silos.WaitForDeactivationAsync(unchanged).WithTimeLimit();
        Assert.Equal(0, await unchanged.Get());
        await cluster.Silos.WaitForDeactivationAsync(unchanged).WithTimeLimit();
        Assert.Equal("", cluster.Store.SlotsOf(changed.GetGrainId()));
        Assert.Equal(1, await changed.Get());
        Assert.Same(activation, Live.Of(changed));
        cluster.AssertNobodyRolledBack(changed, unchanged);
    }
}
