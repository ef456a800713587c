using System.Runtime.CompilerServices;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg.Checkers;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>Algorithm C on random histories and schedules, judged by every checker after every round.</summary>
public sealed class RandomRunTests
{
    [Fact]
    public void Every_round_keeps_every_property()
    {
        var rounds = RunAll(3_200, new RunShape());
        RequireVariety(rounds, outcome => outcome.Committed == true, "committed rounds");
        RequireVariety(rounds, outcome => outcome.Committed == false, "undone rounds");
        RequireVariety(rounds, outcome => outcome.Committed == true && outcome.Members.Count() > 2, "committed rounds of three or more members");
        RequireVariety(rounds, outcome => outcome.Observations.OfType<BasicMessageSent>().Any(), "rounds with basic messages sent meanwhile");
    }

    [Fact]
    public void Every_round_keeps_every_property_under_heavy_traffic()
    {
        var history = new HistoryShape { Events = 80, MaxInFlight = 20, RoundShare = 0.06 };
        RunAll(600, new RunShape { History = history, TrafficShare = 0.6, UnwillingShare = 0.05 });
    }

    [Fact]
    public void Every_round_ends_for_all_members_or_for_none_although_a_process_fails()
    {
        var rounds = RunAll(3_200, new RunShape { FailureShare = 0.5, UnwillingShare = 0 });
        foreach (var (seed, outcome) in rounds)
        {
            Assert.True(
                outcome.Committed == !WasLackingAVote(outcome),
                Describe(seed, $"committed: {outcome.Committed}, but a vote was lacking: {WasLackingAVote(outcome)}", nameof(Every_round_ends_for_all_members_or_for_none_although_a_process_fails)));
        }

        RequireVariety(rounds, outcome => Failed(outcome) && outcome.Committed == false, "rounds undone because of a failure before a vote");
        RequireVariety(rounds, outcome => Failed(outcome) && outcome.Committed == true, "rounds committed despite a failure");
        RequireVariety(
            rounds,
            outcome => Failed(outcome) && outcome.Committed == true && outcome.Members.Contains(outcome.Observations.OfType<ProcessFailed>().Single().Process),
            "rounds committed although a member failed after its vote");
    }

    // P-C7. Everybody is willing here, so only a vote that the failed process owes can be lacking: to the daemon if it is the initiator,
    // and to each member whose tentative checkpoint contains a receipt from it that the permanent one does not contain.
    private static bool WasLackingAVote(RoundOutcome outcome)
    {
        if (outcome.Observations.OfType<ProcessFailed>().SingleOrDefault() is not { } failure)
        {
            return false;
        }

        var voters = outcome.Observations.OfType<Voted>().Where(vote => vote.Process == failure.Process).Select(vote => vote.To).ToHashSet();
        return (failure.Process == outcome.Initiator && !voters.Contains(Daemon.Id))
            || outcome.Taken.Any(taken => !voters.Contains(taken.Process) && Depends(taken, failure.Process, outcome));
    }

    private static bool Depends(TentativeTaken taken, ProcessName sender, RoundOutcome outcome)
        => outcome.Trace.HistoryOf(taken.Process)[outcome.Before[taken.Process]..taken.HistoryLength]
            .OfType<ReceiveEvent>()
            .Any(receipt => outcome.Trace.Message(receipt.Message).From == sender);

    private static bool Failed(RoundOutcome outcome) => outcome.Observations.OfType<ProcessFailed>().Any();

    private static List<(int Seed, RoundOutcome Outcome)> RunAll(int count, RunShape shape, [CallerMemberName] string test = "")
    {
        var rounds = new List<(int, RoundOutcome)>();
        foreach (var seed in Seeds.UpTo(count))
        {
            var run = new RandomRun(seed, shape, Rules.Literal);
            foreach (var outcome in run.Rounds())
            {
                foreach (var checker in Checker.All)
                {
                    if (checker.Violation(outcome) is { } violation)
                    {
                        Assert.Fail(Describe(seed, $"{checker}: round {outcome.Round.Value} of {outcome.Initiator}: {violation}. History: {run}", test));
                    }
                }

                rounds.Add((seed, outcome));
            }
        }

        Report.Write($"{rounds.Count} rounds in {rounds.Select(round => round.Item1).Distinct().Count()} runs");
        return rounds;
    }

    // A replay of one seed cannot have variety.
    private static void RequireVariety(List<(int Seed, RoundOutcome Outcome)> rounds, Func<RoundOutcome, bool> isOne, string what)
    {
        var count = rounds.Count(round => isOne(round.Outcome));
        Report.Write($"{count} {what}");
        Assert.True(Seeds.IsReplay || count >= 100, $"only {count} {what}: the random runs no longer cover them");
    }

    private static string Describe(int seed, string violation, string test)
        => $"Seed {seed}: {violation} {Seeds.Replay(seed, nameof(RandomRunTests), test)}";
}
