namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// An activation that is to be deactivated gets no more calls, so no more answers, but its deactivation waits for the requests that wait for those answers. The
/// runtime does not tell; a call to itself that is not answered does.
/// </summary>
internal sealed class DeactivationNotice(Func<Task> callMyself, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private Task? _call;
    private long _sentAt;

    /// <summary>To be asked now and then.</summary>
    public bool IsNoticed()
    {
        if (_call is { IsCompleted: false })
        {
            return time.GetElapsedTime(_sentAt) > Limit;
        }

        _call = callMyself();
        _call.Ignore();
        _sentAt = time.GetTimestamp();
        return false;
    }
}
