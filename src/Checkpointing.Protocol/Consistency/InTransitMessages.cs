using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// In-transit messages (rule A3): the state of the sender contains the send, the state of the receiver does not contain the receipt.
/// They are the channel states of the cut and never make it inconsistent.
/// </summary>
internal static class InTransitMessages
{
    /// <summary>Ordered by name.</summary>
    public static ImmutableArray<TraceMessage> Of(GlobalState state)
    {
        var received = state.Received.ToHashSet();
        return [.. state.Sent.Where(message => !received.Contains(message)).OrderBy(message => message.Name)];
    }
}
