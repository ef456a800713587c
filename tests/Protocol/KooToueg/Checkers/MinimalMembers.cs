using System.Collections.Immutable;
using System.Numerics;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>
/// P-C4 (S11.2): leaving out any non-empty subset of the members other than the initiator would create an orphan message. Brute force
/// over all subsets.
/// </summary>
internal static class MinimalMembers
{
    public static readonly Checker Checker = new("P-C4 minimal members", Violation);

    private static string? Violation(RoundOutcome round)
    {
        if (round.Committed != true)
        {
            return null;
        }

        ImmutableArray<ProcessName> others = [.. round.Members.Where(member => member != round.Initiator)];
        for (var subset = 1u; subset < 1u << others.Length; subset++)
        {
            var withoutSubset = round.After.ToBuilder();
            foreach (var leftOut in Chosen(others, subset))
            {
                withoutSubset[leftOut] = round.Before[leftOut];
            }

            if (CutClassification.Of(round.Trace, Cut.Of(round.Trace, withoutSubset)).IsConsistent)
            {
                return $"the checkpoints are consistent without the new ones of {string.Join(", ", Chosen(others, subset))}";
            }
        }

        return null;
    }

    private static IEnumerable<ProcessName> Chosen(ImmutableArray<ProcessName> members, uint subset)
    {
        for (var rest = subset; rest != 0; rest &= rest - 1)
        {
            yield return members[BitOperations.TrailingZeroCount(rest)];
        }
    }
}
