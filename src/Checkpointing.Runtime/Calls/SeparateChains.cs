using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Says once per grain type that a relay changes several participants in one call: nobody joins these calls into one chain, so a checkpoint may hold
/// one without the other (SPEC K21).
/// </summary>
internal sealed partial class SeparateChains(ILogger<SeparateChains> logger)
{
    private readonly ConcurrentDictionary<GrainType, bool> _named = new();

    public void Seen(IGrainContext relay, GrainId first, GrainId next)
    {
        if (_named.TryAdd(relay.GrainId.Type, true))
            LogSeen(logger, relay.GrainInstance?.GetType().Name ?? relay.GrainId.Type.ToString()!, first, next);
    }

    [LoggerMessage(
        1,
        LogLevel.Warning,
        "{GrainClass} has no checkpointed state and called both {First} and {Next} in one call. These are two call chains: each is checkpointed as a whole, but a checkpoint may hold one without the other. If they belong together, make both calls in a grain with checkpointed state (an empty one will do) or mark what only reads as [ReadOnly]; if not, nothing needs to be done. This is said once per grain type and silo")]
    private static partial void LogSeen(ILogger logger, string grainClass, GrainId first, GrainId next);
}
