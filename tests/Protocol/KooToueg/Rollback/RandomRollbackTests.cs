using Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>Algorithm R on random histories, judged by every checker after every rollback.</summary>
public sealed class RandomRollbackTests
{
    [Fact]
    public void Every_rollback_keeps_every_property()
    {
        var rollbacks = new List<RollbackOutcome>();
        foreach (var seed in Seeds.UpTo(3_200))
        {
            var run = new RandomRollbackRun(seed, new RollbackShape(), Rules.Literal);
            foreach (var outcome in run.Rollbacks())
            {
                foreach (var checker in RollbackChecker.All)
                {
                    var violation = checker.Violation(outcome);
                    Assert.True(
                        violation is null,
                        $"Seed {seed}: {checker}: rollback {outcome.Rollback.Value} of {outcome.Initiator}: {violation}. History: {run}. "
                            + Seeds.Replay(seed, nameof(RandomRollbackTests), nameof(Every_rollback_keeps_every_property)));
                }

                rollbacks.Add(outcome);
            }
        }

        Report.Write($"{rollbacks.Count} rollbacks");
        RequireVariety(rollbacks, outcome => outcome.RollsBack == true && outcome.RolledBack.Count == 1, "of one process");
        RequireVariety(rollbacks, outcome => outcome.RollsBack == true && outcome.RolledBack.Count > 2, "of three or more processes");
        RequireVariety(rollbacks, outcome => outcome.RollsBack == true && outcome.RolledBack.Count < outcome.Trace.Processes.Length, "that spare somebody");
        RequireVariety(rollbacks, outcome => outcome.RollsBack == false, "refused");
        RequireVariety(rollbacks, outcome => outcome.RollsBack == true && outcome.Unwilling.Count > 0, "although a bystander is unwilling");
        RequireVariety(rollbacks, outcome => outcome.Observations.OfType<ProcessFailed>().Any(), "after a failure");
    }

    // A replay of one seed cannot have variety.
    private static void RequireVariety(List<RollbackOutcome> rollbacks, Func<RollbackOutcome, bool> isOne, string what)
    {
        var count = rollbacks.Count(isOne);
        Report.Write($"{count} {what}");
        Assert.True(Seeds.IsReplay || count >= 300, $"only {count} rollbacks {what}: the random runs no longer cover them");
    }
}
