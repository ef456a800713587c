using Checkpointing.Protocol.Consistency;
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

    /// <summary>The paper's algorithm R and that of the library, from the same state on: the same processes go back, or somebody forbids it to both.</summary>
    [Fact]
    public void The_library_rolls_back_whom_the_paper_does()
    {
        var rollbacks = new List<RollbackOutcome>();
        foreach (var seed in Seeds.UpTo(1_600))
        {
            foreach (var paper in new RandomRollbackRun(seed, new RollbackShape(), Rules.Literal).Rollbacks())
            {
                var hasFailed = paper.Observations.OfType<ProcessFailed>().Any();
                var library = new LibraryRollback(paper, seed);
                if (!hasFailed)
                {
                    Compare(seed, paper, "would go back", paper.RecoveryLine.GoingBack.Keys, library.RollBack(isDryRun: true));
                }

                Compare(seed, paper, "go back", paper.RollsBack == true ? paper.RolledBack : null, hasFailed ? library.Lose() : library.RollBack(isDryRun: false));
                rollbacks.Add(paper);
            }
        }

        RequireVariety(rollbacks, outcome => outcome.Observations.OfType<ProcessFailed>().Any() && outcome.RolledBack.Count > 2, "of three or more processes after a failure");
        RequireVariety(rollbacks, outcome => !outcome.Observations.OfType<ProcessFailed>().Any() && outcome.RolledBack.Count > 2, "of three or more processes, asked for");
        RequireVariety(rollbacks, outcome => outcome.RollsBack == false, "refused");

        static void Compare(int seed, RollbackOutcome paper, string what, IEnumerable<ProcessName>? expected, IEnumerable<ProcessName>? actual) => Assert.True(
            expected is null ? actual is null : actual is not null && expected.Order().SequenceEqual(actual),
            $"Seed {seed}: rollback {paper.Rollback.Value} of {paper.Initiator}: of the paper's processes {Text(expected)} {what}, of the library's {Text(actual)}. "
                + Seeds.Replay(seed, nameof(RandomRollbackTests), nameof(The_library_rolls_back_whom_the_paper_does)));

        static string Text(IEnumerable<ProcessName>? processes) => processes is null ? "none, since somebody is unwilling," : string.Join(", ", processes.Order());
    }

    // A replay of one seed cannot have variety.
    private static void RequireVariety(List<RollbackOutcome> rollbacks, Func<RollbackOutcome, bool> isOne, string what)
    {
        var count = rollbacks.Count(isOne);
        Report.Write($"{count} {what}");
        Assert.True(Seeds.IsReplay || count >= 300, $"only {count} rollbacks {what}: the random runs no longer cover them");
    }
}
