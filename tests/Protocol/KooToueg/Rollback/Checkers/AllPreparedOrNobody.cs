namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

/// <summary>Two phases: after "roll back" exactly the members are at their permanent checkpoints, after "do not roll back" nobody has lost anything.</summary>
internal static class AllPreparedOrNobody
{
    public static readonly RollbackChecker Checker = new("all members or nobody", Violation);

    private static string? Violation(RollbackOutcome rollback)
    {
        var members = rollback.RollsBack == true ? rollback.Prepared.Select(prepared => prepared.Process).ToHashSet() : [];
        var wrong = rollback.Trace.Processes
            .Where(process => rollback.After[process] != (members.Contains(process) ? rollback.Permanent[process] : rollback.Trace.HistoryOf(process).Length))
            .ToList();
        return wrong.Count == 0 ? null : $"after {(rollback.RollsBack == true ? "roll back" : "resume")} wrong states of {string.Join(", ", wrong)}";
    }
}
