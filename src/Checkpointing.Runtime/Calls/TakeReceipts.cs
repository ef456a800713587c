using Orleans.CodeGeneration;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The innermost outgoing filter, present only if the application has outgoing filters: it records the labels of a response, sends a call that was not
/// run, or whose callee is lost, again, and leaves the plain response to the application's filters.
/// </summary>
/// <param name="direct">The runtime without any filters.</param>
/// <param name="traits">The roles of grains.</param>
/// <param name="responseTimeout">How long a call may wait for its answer.</param>
/// <param name="time">The clock.</param>
internal sealed class TakeReceipts(IGrainReferenceRuntime direct, GrainTypeTraitsResolver traits, TimeSpan responseTimeout, TimeProvider time) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        if (context.Request is not LabelledRequest { Origin: { } origin, IsOneWay: false } request)
        {
            await context.Invoke();
            return;
        }

        try
        {
            await context.Invoke();
        }
        catch (Exception exception)
        {
            Answer(context, await Repeat(context, origin, request).After(exception));
            return;
        }

        if (context.Response is LabelledResponse response)
            Answer(context, origin.TryTake(response, context.TargetId) ? response : await Repeat(context, origin, request).After(response));
    }

    private static void Answer(IOutgoingGrainCallContext context, object? answer)
    {
        context.Response = answer is LabelledResponse response ? response.Inner : Response.FromResult(answer);
        (answer as LabelledResponse)?.ThrowIfFailed();
    }

    private RepeatedCall Repeat(IOutgoingGrainCallContext context, CallOrigin origin, LabelledRequest request)
    {
        var reference = (GrainReference)context.Grain;
        var passesAtOnce = request.IsNested && traits.Of(context.TargetId.Type).Role == CallRole.Participant;
        var options = request.Options | (passesAtOnce ? InvokeMethodOptions.AlwaysInterleave : InvokeMethodOptions.None);
        return new RepeatedCall(
            origin, context.TargetId, request, copy => direct.InvokeMethodAsync<object>(reference, copy, options), request.GetDefaultResponseTimeout() ?? responseTimeout, time);
    }
}
