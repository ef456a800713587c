using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

/// <summary>
/// P-R1 (L11.4): a process accepts at most one PREPARE in a rollback, and only from one that has accepted before. P-R5: it restarts at
/// most once.
/// </summary>
internal static class OnePrepareAcceptedEach
{
    public static readonly RollbackChecker Checker = new("P-R1, P-R5 one PREPARE accepted and one restart each", Violation);

    private static string? Violation(RollbackOutcome rollback)
    {
        var accepted = new HashSet<ProcessName>();
        foreach (var prepared in rollback.Prepared)
        {
            var isRoot = prepared.Process == rollback.Initiator;
            if (isRoot != (prepared.Parent == Daemon.Id) || (!isRoot && !accepted.Contains(prepared.Parent)))
            {
                return $"{prepared.Process} accepted from {prepared.Parent}, who had not";
            }

            if (!accepted.Add(prepared.Process))
            {
                return $"{prepared.Process} accepted twice";
            }
        }

        var twice = rollback.Observations.OfType<RolledBack>().GroupBy(restarted => restarted.Process).FirstOrDefault(restarts => restarts.Count() > 1);
        return twice is null ? null : $"{twice.Key} restarted {twice.Count()} times";
    }
}
