using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg;

namespace Checkpointing.Protocol.Tests.Consistency;

/// <summary>The computed recovery line is the one maximal consistent line, by brute force over all lines of small random histories.</summary>
public sealed class RecoveryLineTests
{
    private static readonly ProcessName P = new("p");
    private static readonly ProcessName Q = new("q");

    [Fact]
    public void The_line_is_the_unique_maximal_consistent_one()
    {
        var dominos = 0;
        var lostCalls = 0;
        foreach (var seed in Seeds.UpTo(3_000))
        {
            var (trace, failure) = RandomFailure.Generate(seed);
            var line = RecoveryLine.Of(failure);
            var problem = AllRecoveryLines.WhatIsWrongWith(line.Kept, trace, failure);
            Assert.True(problem is null, Describe(seed, $"{problem}; computed {line}", trace, nameof(The_line_is_the_unique_maximal_consistent_one)));
            dominos += line.GoingBack.Values.Any(back => back.Checkpoint < HistoryOf(failure, back.Process).Checkpoints.Length - 1) ? 1 : 0;
            lostCalls += line.GoingBack.Values.Any(back => back.Reason is CallWasLost) ? 1 : 0;
        }

        Report.Write($"{dominos} lines go behind a last checkpoint, {lostCalls} because of a lost call");
        Assert.True(Seeds.IsReplay || (dominos >= 300 && lostCalls >= 300), "the random histories no longer cover both");
    }

    /// <summary>The judge of the test above, itself tested: it refuses what naive recoveries restore.</summary>
    [Fact]
    public void A_line_that_is_too_high_or_too_low_is_noticed()
    {
        var (tooHigh, tooLow, withoutLostCalls) = (0, 0, 0);
        for (var seed = 1; seed <= 200; seed++)
        {
            var (trace, failure) = RandomFailure.Generate(seed);
            var lastCheckpointsOfTheFailed = failure.Histories.ToDictionary(
                history => history.Process, history => failure.Failed.Contains(history.Process) ? history.Checkpoints[^1] : history.Events.Length);
            var start = failure.Histories.ToDictionary(history => history.Process, _ => 0);
            var callsIgnored = RecoveryLine.Of(failure with { AwaitedCalls = [], LostCalls = [] }).Kept;
            tooHigh += AllRecoveryLines.WhatIsWrongWith(lastCheckpointsOfTheFailed, trace, failure) is null ? 0 : 1;
            tooLow += AllRecoveryLines.WhatIsWrongWith(start, trace, failure) is null ? 0 : 1;
            withoutLostCalls += AllRecoveryLines.WhatIsWrongWith(callsIgnored, trace, failure) is null ? 0 : 1;
        }

        Report.Write($"of 200: {tooHigh} without propagation, {tooLow} at the start, {withoutLostCalls} without lost calls are wrong");
        Assert.All([tooHigh, tooLow, withoutLostCalls], count => Assert.InRange(count, 20, 200));
    }

    [Fact]
    public void Every_line_says_why_and_the_reasons_lead_back_to_a_failure()
    {
        foreach (var seed in Seeds.UpTo(500))
        {
            var (trace, failure) = RandomFailure.Generate(seed);
            var line = RecoveryLine.Of(failure);
            foreach (var back in line.GoingBack.Values)
            {
                var cause = back.Reason switch
                {
                    ReceivedUndoneMessage received => received.Sender,
                    CallWasLost lost when !failure.LostCalls.Contains(lost.Request) => lost.Callee,
                    _ => null,
                };
                Assert.True(cause is null || line.GoingBack.ContainsKey(cause.Value), Describe(seed, $"{back}, but that one stays", trace, nameof(Every_line_says_why_and_the_reasons_lead_back_to_a_failure)));
            }
        }
    }

    /// <summary>What an earlier rollback undid is in no history any more; whoever still remembers it is found all the same.</summary>
    [Fact]
    public void A_receipt_of_a_message_that_nobody_has_sent_goes_back()
    {
        var line = RecoveryLine.Of(new Failure
        {
            Histories = [new LocalHistory(P, [], []), new LocalHistory(Q, [new Received(new("ghost"))], [])],
        });
        Assert.Equal("q goes back to checkpoint 0 because it received ghost, which an earlier rollback undoes", line.ToString());
    }

    [Fact]
    public void Going_back_keeps_the_checkpoints_before_it()
    {
        var history = new LocalHistory(P, [new Sent(new("a"), Q), new Sent(new("b"), Q), new Sent(new("c"), Q)], [1, 2, 3]).BackTo(2);
        Assert.Equal([0, 1, 2], history.Checkpoints);
        Assert.Equal(["a", "b"], history.Events.Select(sent => sent.Message.Text));
    }

    [Fact]
    public void Contradictory_histories_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new LocalHistory(P, [new Received(new("m"))], [2]));
        Assert.Throws<ArgumentException>(() => new LocalHistory(P, [new Received(new("m"))], [1, 0]));
        Assert.Throws<ArgumentException>(() => RecoveryLine.Of(new Failure { Histories = [new LocalHistory(P, [new Received(new("m")), new Received(new("m"))], [])] }));
        Assert.Throws<ArgumentException>(() => RecoveryLine.Of(new Failure { Histories = [], LostCalls = [new("m")] }));
    }

    private static LocalHistory HistoryOf(Failure failure, ProcessName process) => failure.Histories.Single(history => history.Process == process);

    private static string Describe(int seed, string problem, Trace trace, string test)
        => $"Seed {seed}: {problem} in {string.Join(" ; ", trace.Events)}. {Seeds.Replay(seed, nameof(RecoveryLineTests), test)}";
}
