using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>
/// S11.1 and P-C7: after commit exactly the members' tentative checkpoints are permanent; after undo nobody's permanent checkpoint has
/// changed. Also if a process failed in the round.
/// </summary>
internal static class AllOrNothing
{
    public static readonly Checker Checker = new("P-C7 all members or none", Violation);

    private static string? Violation(RoundOutcome round)
    {
        var expected = new Dictionary<ProcessName, int>(round.Before);
        if (round.Committed == true)
        {
            foreach (var taken in round.Taken)
            {
                expected[taken.Process] = taken.HistoryLength;
            }
        }

        var wrong = expected.Where(entry => round.After[entry.Key] != entry.Value).Select(entry => entry.Key).Order().ToList();
        return wrong.Count == 0
            ? null
            : $"after {(round.Committed == true ? "commit" : "undo")} wrong permanent checkpoints of {string.Join(", ", wrong)}";
    }
}
