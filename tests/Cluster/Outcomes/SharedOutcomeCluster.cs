namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Two silos that the tests of one collection share, one test after another.</summary>
public sealed class SharedOutcomeCluster : IAsyncLifetime
{
    public const string Collection = "Outcomes";

    public OutcomeCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await OutcomeCluster.Start(silos: 2);

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}

[CollectionDefinition(SharedOutcomeCluster.Collection)]
public sealed class OutcomeTests : ICollectionFixture<SharedOutcomeCluster>;
