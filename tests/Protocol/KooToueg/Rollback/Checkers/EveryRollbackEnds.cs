namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

/// <summary>P-R2 (L11.5): every rollback is decided, every member learns it, and no message circulates for ever.</summary>
internal static class EveryRollbackEnds
{
    public static readonly RollbackChecker Checker = new("P-R2 every rollback ends", Violation);

    private static string? Violation(RollbackOutcome rollback)
        => !rollback.NetworkRanDry ? "control messages are still in flight after more steps than a rollback needs"
            : rollback.RollsBack is null ? "the rollback was never decided"
            : !rollback.Frozen.IsEmpty ? $"{string.Join(", ", rollback.Frozen)} never learned the decision"
            : null;
}
