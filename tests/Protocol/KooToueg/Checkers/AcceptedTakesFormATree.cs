using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>P-C1: "took its checkpoint because of" is a tree with the initiator at the root.</summary>
internal static class AcceptedTakesFormATree
{
    public static readonly Checker Checker = new("P-C1 accepted TAKEs form a tree", Violation);

    private static string? Violation(RoundOutcome round)
    {
        var parents = new Dictionary<ProcessName, ProcessName>();
        foreach (var taken in round.Taken)
        {
            parents.TryAdd(taken.Process, taken.Parent);
        }

        foreach (var member in parents.Keys)
        {
            var ancestor = member;
            for (var height = 0; ancestor != round.Initiator; height++)
            {
                if (height > parents.Count || !parents.TryGetValue(ancestor, out ancestor))
                {
                    return $"{member} has no path to the initiator {round.Initiator}";
                }
            }
        }

        return parents.TryGetValue(round.Initiator, out var root) && root != Daemon.Id
            ? $"the initiator {round.Initiator} took its checkpoint for {root}"
            : null;
    }
}
