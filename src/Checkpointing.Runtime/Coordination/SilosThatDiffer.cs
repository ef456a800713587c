using Checkpointing.Runtime.Calls;

namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// SPEC K15: active silos without this library, or with a version that speaks differently. Calls that pass through them carry no labels, so dependencies would be missed.
/// </summary>
internal sealed class SilosThatDiffer(ISiloStatusOracle silos, IClusterManifestProvider manifests, GrainType coordinator)
{
    /// <summary>Null if there are none; else what is wrong, what holds and what to do.</summary>
    public string? Explain()
    {
        var manifest = manifests.Current;
        var differing = silos.GetApproximateSiloStatuses(onlyActive: true).Keys
            // One whose manifest has not come yet hosts no application grains: they are placed by manifests.
            .Where(silo => manifest.Silos.TryGetValue(silo, out var grains)
                && grains.Grains.GetValueOrDefault(coordinator)?.Properties.GetValueOrDefault(GrainRolePropertiesProvider.VersionProperty) != GrainRolePropertiesProvider.Version)
            .ToList();
        return differing.Count == 0
            ? null
            : $"Silo {string.Join(", ", differing)} has no AddCheckpointing, or a version of it that speaks differently: calls there carry no dependencies. "
              + "The previous permanent checkpoints still hold, and no new one is taken until that silo is gone or upgraded.";
    }
}
