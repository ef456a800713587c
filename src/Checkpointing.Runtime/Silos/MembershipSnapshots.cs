namespace Checkpointing.Runtime.Silos;

internal static class MembershipSnapshots
{
    /// <summary>The silos on which there may be grains: those that are active, and those that are about to stop. Who joins becomes active in a later membership.</summary>
    public static IEnumerable<SiloAddress> SilosWithGrains(this ClusterMembershipSnapshot membership) => membership.Members.Values
        .Where(static member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
        .Select(static member => member.SiloAddress);
}
