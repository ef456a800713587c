namespace Checkpointing.Runtime.Calls;

/// <summary>
/// An enumeration of a relay is one call (SPEC K5), although many bring its elements, and others run between them: what it has received stays with it until it ends. Only what a
/// participant has been told with an earlier element needs not be said again when that participant asks for more, because its own label says as much.
/// </summary>
internal sealed class RelayEnumeration(IGrainContext relay, TimeProvider time) : RelayScope(relay)
{
    private StampSet _told;
    private long _lastUse;

    public TimeSpan IdleTime => IsRunning ? TimeSpan.Zero : time.GetElapsedTime(_lastUse);

    public override void Exit()
    {
        base.Exit();
        _told = Received;
        _lastUse = time.GetTimestamp();
    }

    protected override void BeginAlone(LabelledRequest? request)
    {
        if (request is not { IsNested: true } || !EnumerationCall.AsksForMore(request))
            return;

        ReplaceReceived(request.Stamps, ReceivedSince(_told));
        _told = default;
    }
}
