using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.Consistency;

/// <summary>Judges a recovery line by its definition: tries every combination of checkpoints and current states.</summary>
internal static class AllRecoveryLines
{
    /// <summary>Null if the line is consistent and no process is further in any other consistent line.</summary>
    public static string? WhatIsWrongWith(IReadOnlyDictionary<ProcessName, int> line, Trace trace, Failure failure)
    {
        var isConsistent = false;
        foreach (var other in Combinations(failure, 0, []))
        {
            if (!IsConsistent(other, trace, failure))
            {
                continue;
            }

            isConsistent |= trace.Processes.All(process => other[process] == line[process]);
            if (trace.Processes.Where(process => other[process] > line[process]).Select(process => (ProcessName?)process).FirstOrDefault() is { } further)
            {
                return $"{further} could keep {other[further]} events, not only {line[further]}";
            }
        }

        return isConsistent ? null : "the line is not among the consistent ones";
    }

    private static IEnumerable<Dictionary<ProcessName, int>> Combinations(Failure failure, int next, Dictionary<ProcessName, int> chosen)
    {
        if (next == failure.Histories.Length)
        {
            yield return chosen;
            yield break;
        }

        var history = failure.Histories[next];
        var states = failure.Failed.Contains(history.Process) ? history.Checkpoints : history.Checkpoints.Add(history.Events.Length);
        foreach (var state in states.Distinct())
        {
            chosen[history.Process] = state;
            foreach (var combination in Combinations(failure, next + 1, chosen))
            {
                yield return combination;
            }
        }
    }

    private static bool IsConsistent(Dictionary<ProcessName, int> line, Trace trace, Failure failure)
    {
        var state = GlobalState.Of(trace, Cut.Of(trace, line));
        if (!OrphanMessages.Of(state).IsEmpty)
        {
            return false;
        }

        var everReceived = trace.Events.OfType<ReceiveEvent>().Select(receipt => receipt.Message).ToHashSet();
        var received = state.Received.Select(message => message.Name).ToHashSet();
        return !state.Sent.Any(call =>
            failure.LostCalls.Contains(call.Name)
            || (failure.AwaitedCalls.Contains(call.Name) && !received.Contains(call.Name) && (everReceived.Contains(call.Name) || failure.Failed.Contains(call.To))));
    }
}
