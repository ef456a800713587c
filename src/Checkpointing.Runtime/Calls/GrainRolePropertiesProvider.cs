using Checkpointing.Runtime.Coordination;
using Orleans.Metadata;

namespace Checkpointing.Runtime.Calls;

/// <summary>Writes the role of every application grain class into the grain manifest.</summary>
internal sealed class GrainRolePropertiesProvider : IGrainPropertiesProvider
{
    public const string RoleProperty = "checkpointing.role";
    public const string Participant = "participant";
    public const string Relay = "relay";

    /// <summary>What the silos of a cluster must agree on: raised whenever labels or control messages change so that older silos misread them.</summary>
    public const string VersionProperty = "checkpointing.version";
    public const string Version = "6";

    public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        if (grainClass == typeof(CheckpointCoordinatorGrain))
            properties[VersionProperty] = Version;
        else if (IsParticipant(grainClass))
            properties[RoleProperty] = Participant;
        else if (!IsSystemClass(grainClass))
            properties[RoleProperty] = Relay;
    }

    private static bool IsParticipant(Type grainClass) =>
        grainClass.GetConstructors()
            .SelectMany(constructor => constructor.GetParameters())
            .Any(parameter => parameter.GetCustomAttributes(inherit: true).Any(attribute => attribute is ICheckpointedFacet));

    /// <summary>Orleans' own grains (pub-sub, management, memory storage, ...) and this library's grains.</summary>
    private static bool IsSystemClass(Type grainClass) =>
        grainClass.Assembly == typeof(GrainRolePropertiesProvider).Assembly || SystemAssemblies.IsOrleans(grainClass.Assembly);
}
