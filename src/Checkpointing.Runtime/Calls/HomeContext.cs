using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Notices calls that lost their context (SPEC K23). The mark is set once per watched activation, while its grain is constructed: the
/// activation's message loop starts right after with the same execution context, so the mark flows into every handler, and out of it
/// through ConfigureAwait(false) and Task.Run. No handler has to set it, but tasks that carry a context are larger:
/// see <see cref="CallPathOptions.ActivationsPerWatchedOne"/>.
/// </summary>
internal static class HomeContext
{
    private static readonly AsyncLocal<IGrainContext?> Home = new();

    /// <summary>Call it while the grain is constructed.</summary>
    public static void Watch(IGrainContext activation) => Home.Value = activation;

    public static void ThrowIfLeft(IGrainContext? current, GrainId target, IInvokable request)
    {
        // Outside any grain the accessor answers with the silo's own client.
        if ((current is null || current.GrainId.IsClient()) && Home.Value is { } home)
            throw new CallLostItsContextException(home.GrainId, target, $"{request.GetInterfaceName()}.{request.GetMethodName()}");
    }
}
