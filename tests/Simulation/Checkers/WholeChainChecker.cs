using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// Guarantee G3: of every awaited call that completed normally both halves are in the global state or none is, and of a call through actors without
/// state all halves or none. Only chains that start in a checkpointed actor count (SPEC K21); calls that timed out or were cancelled, and
/// one-way messages, are excluded by name.
/// </summary>
internal static class WholeChainChecker
{
    public static string? FindHalfChain(IReadOnlyDictionary<string, ActorState> globalState, IEnumerable<CallRecord> calls)
    {
        foreach (var call in calls)
        {
            if (call.End != CallEnd.Completed || call.LeftNoTrace || !globalState.TryGetValue(call.Callee, out var callee))
            {
                continue;
            }

            // The half of the caller: of the nearest checkpointed one, through any number of relays.
            var outermost = call;
            while (outermost is { Caller: null, Through: { } through, End: CallEnd.Completed, IsAwaited: true })
            {
                outermost = through;
            }

            if (outermost.Caller is not { } caller || outermost.End != CallEnd.Completed)
            {
                continue;
            }

            var callerKnows = globalState[caller].Received.Contains(outermost.Response);
            var calleeKnows = callee.Received.Contains(call.Request);
            if (callerKnows != calleeKnows)
            {
                return $"call m{call.Request} to {call.Callee}, answered by m{call.Response}: {caller} {Text(callerKnows)} it, {call.Callee} {Text(calleeKnows)} it";
            }

            if (calleeKnows != callee.Happened.Contains(call.Response))
            {
                return $"call m{call.Request} to {call.Callee} is remembered there without its answer m{call.Response}";
            }

            if (outermost == call && callerKnows != globalState[caller].Happened.Contains(call.Request))
            {
                return $"call m{call.Request} is remembered by {caller} without its answer m{call.Response}";
            }
        }

        return null;
    }

    private static string Text(bool knows) => knows ? "remembers" : "has forgotten";
}
