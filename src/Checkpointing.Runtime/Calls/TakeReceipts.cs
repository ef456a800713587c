namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The innermost outgoing filter, present only if the application has outgoing filters: it records the labels of a response and leaves the
/// plain response to the application's filters.
/// </summary>
internal sealed class TakeReceipts : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        await context.Invoke();
        if (context.Response is LabelledResponse response && context.Request is LabelledRequest { Origin: { } origin })
        {
            origin.Receive(response.Stamps);
            context.Response = response.Inner;
            response.ThrowIfFailed();
        }
    }
}
