using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;

namespace Checkpointing.Runtime.Calls;

/// <summary>Looks grain types up in the cluster's grain manifest and remembers the answers until the manifest changes.</summary>
internal sealed class GrainTypeTraitsResolver(IServiceProvider services)
{
    // Resolved at the first call: the manifest is not there yet while the silo is being built.
    private IClusterManifestProvider? _manifests;
    private GrainPropertiesResolver? _properties;
    private Answers _answers = new(null);

    public GrainTypeTraits Of(GrainType type)
    {
        var answers = _answers;
        return ReferenceEquals(answers.Manifest, _manifests?.Current) && answers.ByType.TryGetValue(type, out var traits) ? traits : LookUp(type);
    }

    private GrainTypeTraits LookUp(GrainType type)
    {
        _manifests ??= services.GetRequiredService<IClusterManifestProvider>();
        _properties ??= services.GetRequiredService<GrainPropertiesResolver>();
        var manifest = _manifests.Current;
        var answers = _answers;
        if (!ReferenceEquals(answers.Manifest, manifest))
            _answers = answers = new Answers(manifest);

        return answers.ByType[type] = _properties.TryGetGrainProperties(type, out var found) ? Read(found) : GrainTypeTraits.Outside;
    }

    private static GrainTypeTraits Read(GrainProperties grain)
    {
        var properties = grain.Properties;
        var role = properties.GetValueOrDefault(GrainRolePropertiesProvider.RoleProperty) switch
        {
            GrainRolePropertiesProvider.Participant => CallRole.Participant,
            GrainRolePropertiesProvider.Relay => CallRole.Relay,
            _ => CallRole.Outside,
        };
        return role == CallRole.Outside
            ? GrainTypeTraits.Outside
            : new GrainTypeTraits(
                role,
                properties.TryGetValue(WellKnownGrainTypeProperties.Reentrant, out var reentrant) && bool.Parse(reentrant),
                properties.GetValueOrDefault(WellKnownGrainTypeProperties.MayInterleavePredicate));
    }

    private sealed record Answers(ClusterManifest? Manifest)
    {
        public ConcurrentDictionary<GrainType, GrainTypeTraits> ByType { get; } = new();
    }
}
