using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// Consistency by definition (SPEC A2): no state may remember the receipt of a message whose sending its sender's state has forgotten.
/// Works on exact sets of messages; labels are unknown to it.
/// </summary>
internal static class OrphanMessageChecker
{
    /// <summary>The smallest orphan message and who remembers receiving it, or null if the global state is consistent.</summary>
    /// <param name="globalState">One state per actor.</param>
    /// <param name="judged">The messages to judge: those that were sent by actors with state, in any of their lives.</param>
    public static (string Receiver, int Message)? FindOrphan(IEnumerable<KeyValuePair<string, ActorState>> globalState, ExactSet judged)
    {
        var sent = new ExactSet();
        foreach (var (_, state) in globalState)
        {
            sent.UnionWith(state.Happened);
        }

        foreach (var (actor, state) in globalState)
        {
            if (state.Received.FirstMissingIn(sent, judged) is { } message)
            {
                return (actor, message);
            }
        }

        return null;
    }
}
