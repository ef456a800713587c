using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Notices calls that lost their context (SPEC K23). The mark is set once per activation, while its grain is constructed: the activation's
/// message loop starts right after with the same execution context, so the mark flows into every handler, and out of it through
/// ConfigureAwait(false) and Task.Run, without any cost per call.
/// </summary>
internal static class HomeContext
{
    private static readonly AsyncLocal<IGrainContext?> Home = new();

    public static void Mark(IGrainContext activation) => Home.Value = activation;

    public static void ThrowIfLeft(IGrainContext? current, GrainId target, IInvokable request)
    {
        // Outside any grain the accessor answers with the silo's own client.
        if ((current is null || current.GrainId.IsClient()) && Home.Value is { } home)
            throw new CallLostItsContextException(home.GrainId, target, $"{request.GetInterfaceName()}.{request.GetMethodName()}");
    }
}
