using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// Theorem S11.2 by brute force: put back the old checkpoint of any members but the initiators, and an orphan message must appear. If none
/// does, those members did not have to take part.
/// </summary>
internal static class MinimalityChecker
{
    private const int LargestRound = 7;

    /// <summary>Members that could have stayed out, or null.</summary>
    public static string? FindNeedless(
        IReadOnlyDictionary<string, ActorState> before,
        IReadOnlyDictionary<string, ActorState> after,
        IReadOnlyList<string> members,
        IReadOnlyCollection<string> initiators,
        ExactSet judged)
    {
        var others = members.Where(member => !initiators.Contains(member)).ToList();
        if (others.Count is 0 or > LargestRound)
        {
            return null;
        }

        var state = new SortedDictionary<string, ActorState>(StringComparer.Ordinal);
        foreach (var (actor, checkpoint) in after)
        {
            state[actor] = checkpoint;
        }

        for (var subset = 1; subset < 1 << others.Count; subset++)
        {
            for (var i = 0; i < others.Count; i++)
            {
                state[others[i]] = (subset & (1 << i)) != 0 ? before[others[i]] : after[others[i]];
            }

            if (OrphanMessageChecker.FindOrphan(state, judged) is null)
            {
                return $"{string.Join(", ", others.Where((_, i) => (subset & (1 << i)) != 0))} took part with {string.Join(", ", members)}, and nobody needed it";
            }
        }

        return null;
    }
}
