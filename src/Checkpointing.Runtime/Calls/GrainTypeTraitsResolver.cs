using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;

namespace Checkpointing.Runtime.Calls;

/// <summary>Looks grain types up in the cluster's grain manifest and remembers the answers until the manifest changes.</summary>
internal sealed class GrainTypeTraitsResolver(IServiceProvider services)
{
    // Resolved at the first call: the manifest is not there yet while the silo is being built.
    private IClusterManifestProvider? _manifests;
    private Answers _answers = new(null);

    public GrainTypeTraits Of(GrainType type)
    {
        var answers = _answers;
        return ReferenceEquals(answers.Manifest, _manifests?.Current) && answers.ByType.TryGetValue(type, out var traits) ? traits : LookUp(type);
    }

    private GrainTypeTraits LookUp(GrainType type)
    {
        _manifests ??= services.GetRequiredService<IClusterManifestProvider>();
        var manifest = _manifests.Current;
        var answers = _answers;
        if (!ReferenceEquals(answers.Manifest, manifest))
            _answers = answers = new Answers(manifest);

        return answers.ByType[type] = Read(manifest, type);
    }

    private static GrainTypeTraits Read(ClusterManifest manifest, GrainType type)
    {
        var definition = DefinitionOf(type);
        var hosts = manifest.AllGrainManifests
            .Select(silo => silo.Grains.GetValueOrDefault(definition)?.Properties)
            .OfType<ImmutableDictionary<string, string>>()
            .ToList();
        var role = hosts.Select(RoleIn).FirstOrDefault(found => found != CallRole.Outside);
        if (role == CallRole.Outside)
            return GrainTypeTraits.Outside;

        var properties = hosts.First(host => RoleIn(host) == role);
        return new GrainTypeTraits(
            role,
            AcceptsLabels: hosts.TrueForAll(host => RoleIn(host) != CallRole.Outside),
            properties.TryGetValue(WellKnownGrainTypeProperties.Reentrant, out var reentrant) && bool.Parse(reentrant),
            properties.GetValueOrDefault(WellKnownGrainTypeProperties.MayInterleavePredicate));
    }

    private static CallRole RoleIn(ImmutableDictionary<string, string> properties) =>
        properties.GetValueOrDefault(GrainRolePropertiesProvider.RoleProperty) switch
        {
            GrainRolePropertiesProvider.Participant => CallRole.Participant,
            GrainRolePropertiesProvider.Relay => CallRole.Relay,
            _ => CallRole.Outside,
        };

    private sealed record Answers(ClusterManifest? Manifest)
    {
        public ConcurrentDictionary<GrainType, GrainTypeTraits> ByType { get; } = new();
    }

    /// <summary>The type by which a manifest knows a grain class: for a generic one that is its definition.</summary>
    public static GrainType DefinitionOf(GrainType type) => GenericGrainType.TryParse(type, out var generic) ? generic.GetUnconstructedGrainType().GrainType : type;
}
