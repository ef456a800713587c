namespace Checkpointing.Runtime.Calls;

/// <summary>
/// An enumeration of a relay is one call (SPEC K5), although many bring its elements, and others run between them: what it has received stays with it. Only what its caller has been told
/// with an earlier element needs not be said again: a participant's own label says as much. A client says nothing, so for a client each element is a call of its own, or a long enumeration
/// would tie together all grains that it meets.
/// </summary>
internal sealed class RelayEnumeration(IGrainContext relay, TimeProvider time) : RelayScope(relay), IEnumerationCode
{
    private StampSet _told;
    private long _lastUse;
    private bool _isClosed;
    private int _runningCode;

    public TimeSpan IdleTime => IsInUse ? TimeSpan.Zero : time.GetElapsedTime(_lastUse);

    /// <summary>What its code has begun and not awaited goes on without it.</summary>
    public override bool IsOver => _isClosed && !IsInUse;

    /// <summary>Its code may run on although its caller has left and the runtime has given it up.</summary>
    private bool IsInUse => IsRunning || _runningCode > 0;

    public override void Exit()
    {
        base.Exit();
        _told = Received;
        _lastUse = time.GetTimestamp();
    }

    /// <summary>No call comes for it any more.</summary>
    public void Close() => _isClosed = true;

    public ValueTask<bool> ToNext<T>(IAsyncEnumerator<T> code)
    {
        var next = code.MoveNextAsync();
        return next.IsCompleted ? next : RunTo(next);
    }

    /// <summary>When nobody has asked for a long time the runtime does that by itself.</summary>
    public async ValueTask End(IAsyncDisposable code)
    {
        Own.Value = this;
        _runningCode++;
        try
        {
            await code.DisposeAsync();
        }
        finally
        {
            _runningCode--;
        }
    }

    protected override void BeginAlone(IIncomingGrainCallContext call, LabelledRequest? request)
    {
        if (!EnumerationCall.AsksForMore(call.Request))
            return;

        ForgetCaller();
        if (request is not null && !ComesFromParticipant(call, request))
            return;

        ReplaceReceived(request?.Stamps ?? default, ReceivedSince(_told));
        _told = default;
    }

    private async ValueTask<bool> RunTo(ValueTask<bool> next)
    {
        _runningCode++;
        try
        {
            return await next;
        }
        finally
        {
            _runningCode--;
        }
    }

    /// <summary>A relay that asks may ask for another participant than before.</summary>
    private static bool ComesFromParticipant(IIncomingGrainCallContext call, LabelledRequest request) =>
        call.SourceId is { } source && request.AwaitedBy?.Equals(source.ToParticipantId()) == true;
}
