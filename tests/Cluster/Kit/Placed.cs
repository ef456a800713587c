using Orleans.Runtime.Placement;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>Says on which silo a grain is to become active, or where it is to move.</summary>
internal static class Placed
{
    public static async Task On(SiloAddress silo, Func<Task> call)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        try
        {
            await call();
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }
}
