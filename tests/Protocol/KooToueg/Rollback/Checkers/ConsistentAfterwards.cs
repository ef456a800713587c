using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

/// <summary>P-R3 (L11.6): the states after the rollback, permanent checkpoints and current states, have no orphan message.</summary>
internal static class ConsistentAfterwards
{
    public static readonly RollbackChecker Checker = new("P-R3 consistent afterwards", Violation);

    private static string? Violation(RollbackOutcome rollback)
    {
        var cut = CutClassification.Of(rollback.Trace, Cut.Of(rollback.Trace, rollback.After));
        return cut.IsConsistent ? null : $"orphan messages {string.Join(", ", cut.Orphans)}";
    }
}
