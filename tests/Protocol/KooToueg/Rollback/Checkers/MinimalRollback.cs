using System.Collections.Immutable;
using System.Numerics;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

/// <summary>
/// P-R4 (S11.3): had any non-empty subset of those that rolled back, without the initiator, stayed, there would be an orphan message.
/// Brute force over all subsets.
/// </summary>
internal static class MinimalRollback
{
    public static readonly RollbackChecker Checker = new("P-R4 minimal rollback", Violation);

    private static string? Violation(RollbackOutcome rollback)
    {
        ImmutableArray<ProcessName> others = [.. rollback.RolledBack.Where(member => member != rollback.Initiator)];
        for (var subset = 1u; subset < 1u << others.Length; subset++)
        {
            var stayed = rollback.After.ToBuilder();
            foreach (var member in Chosen(others, subset))
            {
                stayed[member] = rollback.Trace.HistoryOf(member).Length;
            }

            if (CutClassification.Of(rollback.Trace, Cut.Of(rollback.Trace, stayed)).IsConsistent)
            {
                return $"{string.Join(", ", Chosen(others, subset))} could have stayed";
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
