namespace Checkpointing.Runtime.Calls;

/// <summary>
/// K14: a request for a checkpoint names the participants that await it, directly or through relays, so that it can be refused as soon as its round has to
/// drain one of them. Only such requests carry this, in the request context.
/// </summary>
internal static class AwaitingChain
{
    public static readonly GrainType Coordinator = GrainType.Create("checkpoint-coordinator");

    private const string Key = "checkpointing.awaited-by";

    /// <summary>Puts the names into the request context, for the request that is sent next.</summary>
    public static void Put(CallOrigin? origin)
    {
        if (origin is not null)
            RequestContext.Set(Key, origin.Awaiting.Distinct().Select(participant => participant.ToGrainId()).ToArray());
    }

    /// <summary>Takes the names out of the request context again: no other request is to carry them.</summary>
    public static GrainId[] Take()
    {
        if (RequestContext.Get(Key) is not GrainId[] participants)
            return [];

        RequestContext.Remove(Key);
        return participants;
    }
}
