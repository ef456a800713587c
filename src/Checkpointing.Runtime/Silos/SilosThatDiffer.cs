using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Coordination;

namespace Checkpointing.Runtime.Silos;

/// <summary>
/// SPEC K15: silos without this library, or with a version that speaks differently. Calls that pass through them carry no labels, so dependencies would be missed.
/// </summary>
internal sealed class SilosThatDiffer(ISiloStatusOracle silos, IClusterManifestProvider manifests)
{
    private static readonly GrainType Coordinator = GrainType.Create(CheckpointCoordinatorGrain.TypeName);

    /// <summary>
    /// What is known of a silo. Of one that joins it is not known at first: that one may be like this, so it is waited for, though it hosts no application grains yet: they are placed by
    /// manifests.
    /// </summary>
    public SiloLibrary LibraryOf(SiloAddress silo) =>
        !manifests.Current.Silos.TryGetValue(silo, out var hosted) ? SiloLibrary.Unknown
        : hosted.Grains.GetValueOrDefault(Coordinator)?.Properties.GetValueOrDefault(GrainRolePropertiesProvider.VersionProperty) is not { } version ? SiloLibrary.None
        : version == GrainRolePropertiesProvider.Version ? SiloLibrary.Same
        : SiloLibrary.OtherVersion;

    /// <summary>
    /// Whether nothing is to be awaited from that silo. Without the library no participant can live there, so it needs neither facts nor a cut-off. With another version it might
    /// misread them.
    /// </summary>
    public bool Differs(SiloAddress silo) => LibraryOf(silo) is SiloLibrary.None or SiloLibrary.OtherVersion;

    /// <summary>Null if there are none; else which they are, and what that means.</summary>
    public string? Explain()
    {
        var differing = silos.GetApproximateSiloStatuses()
            .Where(silo => silo.Value is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping && Differs(silo.Key))
            .Select(silo => silo.Key)
            .ToList();
        return differing.Count == 0
            ? null
            : $"Silo {string.Join(", ", differing)} has no AddCheckpointing, or a version of it that speaks differently: calls there carry no dependencies.";
    }
}

/// <summary>What a silo has of this library.</summary>
internal enum SiloLibrary
{
    /// <summary>Its manifest has not come yet.</summary>
    Unknown,
    Same,
    None,
    OtherVersion,
}
