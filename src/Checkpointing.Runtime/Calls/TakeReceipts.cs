namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The innermost outgoing filter, present only if the application has outgoing filters: it records the labels of a response, sends a call that was not
/// run again, and leaves the plain response to the application's filters.
/// </summary>
internal sealed class TakeReceipts(TimeSpan responseTimeout, TimeProvider time) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        if (context.Request is not LabelledRequest { Origin: { } origin, IsOneWay: false } request)
        {
            await context.Invoke();
            return;
        }

        var callee = context.TargetId;
        object? answer;
        try
        {
            answer = await Attempt(context);
            if (answer is LabelledResponse { Fate: CallFate.NotRun } notRun)
                answer = await Repeat(context, origin, request, notRun.Inner.Exception);
        }
        catch (Exception exception) when (Undone.IsRejection(exception))
        {
            answer = await Repeat(context, origin, request, exception);
        }
        catch (Exception exception) when (origin.IsLoss(exception))
        {
            origin.LoseCall();
            throw Undone.Lost(callee, exception);
        }

        if (answer is LabelledResponse response)
        {
            origin.Take(response, callee);
            context.Response = response.Inner;
            response.ThrowIfFailed();
        }
    }

    private Task<object?> Repeat(IOutgoingGrainCallContext context, CallOrigin origin, LabelledRequest request, Exception? error) =>
        new RepeatedCall(origin, context.TargetId, request.GetDefaultResponseTimeout() ?? responseTimeout, time).Send(() => Attempt(context), error);

    private static async ValueTask<object?> Attempt(IOutgoingGrainCallContext context)
    {
        await context.Invoke();
        return context.Response;
    }
}
