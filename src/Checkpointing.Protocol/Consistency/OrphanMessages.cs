using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>Orphan messages (rule A2): the state of the receiver contains the receipt, the state of the sender does not contain the send.</summary>
internal static class OrphanMessages
{
    /// <summary>Ordered by name.</summary>
    public static ImmutableArray<TraceMessage> Of(GlobalState state)
    {
        var sent = state.Sent.ToHashSet();
        return [.. state.Received.Where(message => !sent.Contains(message)).OrderBy(message => message.Name)];
    }
}
