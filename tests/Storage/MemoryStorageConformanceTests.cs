using Checkpointing.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Checkpointing.Storage.Tests;

/// <summary>Orleans' own memory storage, in a silo because it keeps its records in grains.</summary>
public sealed class MemoryStorageConformanceTests(MemoryStorageConformanceTests.SiloWithMemoryStorage silo)
    : IClassFixture<MemoryStorageConformanceTests.SiloWithMemoryStorage>
{
    /// <summary>Where memory storage is known to depart from the rules; each departure is checked to be one still.</summary>
    private static readonly string[] Departures =
    [
        // Accepts any ETag over a record it does not know: "a mitigation for when the memory storage grain is lost".
        nameof(GrainStorageConformance.ETagOverMissingRecordIsRejected),

        // Its key is the state name and the grain id, joined with a slash.
        nameof(GrainStorageConformance.KeysThatDifferOnlyInPartingAreKeptApart),
    ];

    public static IEnumerable<TheoryDataRow<string>> RulesItKeeps =>
        GrainStorageConformance.Rules.Select(rule => rule.Name).Except(Departures).Select(name => new TheoryDataRow<string>(name));

    public static IEnumerable<TheoryDataRow<string>> RulesItBreaks => Departures.Select(name => new TheoryDataRow<string>(name));

    [Theory, MemberData(nameof(RulesItKeeps))]
    public Task Memory_storage_keeps_the_rule(string rule) =>
        GrainStorageConformance.Rule(rule).Check(silo.Storage, TestContext.Current.CancellationToken);

    [Theory, MemberData(nameof(RulesItBreaks))]
    public async Task Memory_storage_is_known_to_break_the_rule(string rule)
    {
        var violation = await Assert.ThrowsAsync<ConformanceViolationException>(
            () => GrainStorageConformance.Rule(rule).Check(silo.Storage, TestContext.Current.CancellationToken));
        Assert.Equal(rule, violation.Rule);
    }

    public sealed class SiloWithMemoryStorage : IAsyncLifetime
    {
        private InProcessTestCluster? _cluster;

        public IGrainStorage Storage { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var builder = new InProcessTestClusterBuilder(initialSilosCount: 1);
            builder.ConfigureSilo((_, silo) => silo.AddMemoryGrainStorage("memory"));
            _cluster = builder.Build();
            await _cluster.DeployAsync();
            Storage = _cluster.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainStorage>("memory");
        }

        public async ValueTask DisposeAsync()
        {
            if (_cluster is not null)
                await _cluster.DisposeAsync();
        }
    }
}
