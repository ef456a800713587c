using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>A call that waits for its turn, behind the gate or behind another handler.</summary>
internal sealed class WaitingCall(Turn turn, Guid chain, IInvokable? request, long arrived, TimeSpan? responseTimeout)
{
    // Asynchronous: whoever ends its turn must not run the next one's code on its stack.
    private readonly TaskCompletionSource _admitted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Turn Turn { get; } = turn;

    /// <summary>The caller's call-chain id, empty unless the caller allowed reentrancy.</summary>
    public Guid Chain { get; } = chain;

    public bool IsRoot => (Turn & Turn.Nested) == 0;

    /// <summary>Completes when it is this call's turn; fails when nobody waits for the answer any more.</summary>
    public Task Admitted => _admitted.Task;

    public void Admit() => _admitted.SetResult();

    public void Reject(Exception reason) => _admitted.TrySetException(reason);

    /// <summary>
    /// SPEC K24: whether the caller has given up. The runtime drops what it finds expired in its own queue; ours must do the same.
    /// A timer callback has no caller and never expires: a callback that is dropped would stop its timer.
    /// </summary>
    public Exception? Expired(TimeProvider time)
    {
        if (request is not IRequest)
            return null;

        if (request.GetCancellationToken() is { IsCancellationRequested: true } cancelled)
            return new OperationCanceledException($"{request.GetMethodName()} was cancelled while it waited for its turn. It was not run.", cancelled);

        return responseTimeout is { } timeout && time.GetElapsedTime(arrived) >= timeout
            ? new TimeoutException($"{request.GetMethodName()} waited for its turn longer than its caller does ({timeout}). It was not run.")
            : null;
    }
}
