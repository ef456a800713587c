namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

/// <summary>
/// The recovery line, computed from the history alone, names the same processes. Nothing is rolled back only if one of them is unwilling:
/// a bystander cannot forbid it.
/// </summary>
internal static class AgreesWithTheRecoveryLine
{
    public static readonly RollbackChecker Checker = new("agrees with the recovery line", Violation);

    private static string? Violation(RollbackOutcome rollback)
    {
        var line = rollback.RecoveryLine;
        var isForbidden = line.GoingBack.Keys.Any(rollback.Unwilling.Contains);
        return (rollback.RollsBack == true) == isForbidden ? $"rolled back: {rollback.RollsBack}, but somebody who has to is unwilling: {isForbidden}"
            : rollback.RollsBack == true && !rollback.RolledBack.SequenceEqual(line.GoingBack.Keys) ? $"{string.Join(", ", rollback.RolledBack)} rolled back, but {line}"
            : null;
    }
}
