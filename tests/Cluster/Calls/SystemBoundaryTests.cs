using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>Where labels end: Orleans' own grains, and what the runtime itself expects of calls.</summary>
public sealed class SystemBoundaryTests(CheckpointedCluster cluster)
{
    [Fact]
    public void The_manifest_names_participants_and_relays_and_leaves_the_grains_of_Orleans_alone()
    {
        var services = ((InProcessSiloHandle)cluster.Cluster.Silos[0]).SiloHost.Services;
        var traits = services.GetRequiredService<GrainTypeTraitsResolver>();
        var roles = services.GetRequiredService<IClusterManifestProvider>().Current.AllGrainManifests
            .SelectMany(manifest => manifest.Grains)
            .DistinctBy(grain => grain.Key)
            .ToDictionary(grain => grain.Value.Properties[WellKnownGrainTypeProperties.FullTypeName], grain => traits.Of(grain.Key).Role);

        Assert.Equal(
            ["ParticipantGrain", "PredicateParticipantGrain", "ReentrantParticipantGrain"],
            OfTheKit(CallRole.Participant));
        Assert.Equal(
            ["ReentrantRelayGrain", "RelayGrain", "WorkerGrain"],
            OfTheKit(CallRole.Relay));
        Assert.Contains(roles, grain => grain.Value == CallRole.Outside && grain.Key.EndsWith(".PubSubRendezvousGrain", StringComparison.Ordinal));

        IEnumerable<string> OfTheKit(CallRole role) =>
            roles.Where(grain => grain.Value == role && grain.Key.StartsWith(typeof(ParticipantGrain).Namespace!, StringComparison.Ordinal)).Select(grain => grain.Key.Split('.')[^1]).Order();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_inconsistent_state_that_escapes_a_labelled_call_still_deactivates_its_grain(bool acrossSilos)
    {
        var (p, q) = await cluster.Pair(acrossSilos);
        var activation = Live.Of(q);

        await p.Perform(Script.Of(self => Assert.ThrowsAsync<InconsistentStateException>(() =>
            self.Own(q).Perform(Script.Of(_ => throw new InconsistentStateException("stale"))))));

        await activation.Context.Deactivated.WithTimeLimit();
        Assert.False(Live.Of(p).Context.Deactivated.IsCompleted);
    }

    [Fact]
    public async Task What_a_grain_returns_is_not_shared_with_its_caller()
    {
        var (p, q) = await cluster.Pair(acrossSilos: false);
        var kept = new List<int> { 1 };

        await p.Perform(Script.Of(async self =>
        {
            var received = await self.Own(q).Echo(kept);
            received.Add(2);
        }));

        Assert.Equal([1], kept);
        Assert.Equal(1, (await p.Ledger()).LastReceivedFrom(await q.Ledger()));
    }
}
