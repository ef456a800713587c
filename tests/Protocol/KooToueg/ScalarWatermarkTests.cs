namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// Rule B6: with one label counter per sender, "label > W" gives the answer of last_rmsg ≥ first_smsg > ⊥, for every TAKE but the daemon's
/// (⊤ is no label of a message).
/// <para>
/// The equivalence is claimed for W read where first_smsg starts: at p's last checkpoint that is not undone, tentative or permanent. With
/// no tentative checkpoint pending, that is the permanent one, and W is the W of B6. While one is pending, first_smsg has been reset and
/// the paper's predicate answers "no" to everything sent before, whereas W at the permanent checkpoint still answers "yes" to what the
/// tentative one contains. An implementation that keeps only W at the permanent checkpoint therefore needs the guard "no tentative for
/// this round", or must raise W at the tentative checkpoint and put it back at the undo.
/// </para>
/// </summary>
public sealed class ScalarWatermarkTests
{
    private readonly Dictionary<string, int> _counts = [];

    [Fact]
    public void Label_above_the_watermark_says_the_same_as_the_paper()
    {
        foreach (var seed in Seeds.UpTo(4_000))
        {
            var run = new RandomRun(seed, new RunShape(), Rules.Literal);
            _ = run.Rounds().Count();
            foreach (var asked in run.Observations.All.OfType<Asked>().Where(asked => asked.Asker != Daemon.Id))
            {
                var watermark = asked.LastLabelSentBeforeTentative ?? asked.LastLabelSentBeforePermanent;
                var saysSent = asked.LastLabelReceived > watermark;
                Assert.True(
                    saysSent == asked.SaysSentSinceLastCheckpoint,
                    $"Seed {seed}: {asked}: label {asked.LastLabelReceived} > W {watermark} is {saysSent}, the paper says {asked.SaysSentSinceLastCheckpoint}. "
                        + Seeds.Replay(seed, nameof(ScalarWatermarkTests), nameof(Label_above_the_watermark_says_the_same_as_the_paper)));
                Count(asked);
            }
        }

        ReportCounts();
        RequireOften("no tentative pending: needed");
        RequireOften("no tentative pending: not needed");
        RequireOften("tentative pending: not needed");
        RequireOften("tentative pending: W at the permanent checkpoint would say needed");
        Assert.Equal(0, _counts.GetValueOrDefault("tentative pending: needed"));
    }

    /// <summary>The library's own <see cref="Labels.Ledger"/> and mark, which follow the same histories: sends, receipts, tentative, permanent and undone checkpoints.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_ledger_of_the_library_and_its_mark_say_the_same_as_the_paper(bool sendsWhileTentative)
    {
        // Much traffic during rounds, if it does not have to wait for their ends.
        var shape = new RunShape { UnwillingShare = 0.2, TrafficShare = sendsWhileTentative ? 0.7 : 0.3 };
        foreach (var seed in Seeds.UpTo(2_000))
        {
            var differences = new List<string>();
            var rules = new Rules("with the library's ledger", (id, everybody, network, log) => new ProcessWithLedger(
                id, network, log, new BookkeepingWithLedger(id, everybody, differences), sendsWhileTentative, differences, CountAnswer));
            foreach (var outcome in new RandomRun(seed, shape, rules).Rounds())
            {
                Count(outcome.Committed == true ? "round committed" : "round undone");
            }

            Assert.True(
                differences.Count == 0,
                $"Seed {seed}: {differences.FirstOrDefault()}. " + Seeds.Replay(seed, nameof(ScalarWatermarkTests), nameof(The_ledger_of_the_library_and_its_mark_say_the_same_as_the_paper)));
        }

        ReportCounts();
        RequireOften("no tentative pending: needed");
        RequireOften("no tentative pending: not needed");
        RequireOften("tentative pending: not needed");
        RequireOften("round committed");
        RequireOften("round undone");
        if (sendsWhileTentative)
        {
            RequireOften("tentative pending: needed", atLeast: 100);
        }
    }

    private void ReportCounts() => Report.Write(string.Join(Environment.NewLine, _counts.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Value} times {entry.Key}")));

    private void CountAnswer(bool isPending, bool isNeeded) => Count($"{(isPending ? "tentative" : "no tentative")} pending: {(isNeeded ? "needed" : "not needed")}");

    private void Count(Asked asked)
    {
        var isPending = asked.LastLabelSentBeforeTentative is not null;
        CountAnswer(isPending, asked.SaysSentSinceLastCheckpoint);
        if (isPending && asked.LastLabelReceived > asked.LastLabelSentBeforePermanent)
        {
            Count("tentative pending: W at the permanent checkpoint would say needed");
        }
    }

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    private void RequireOften(string what, int atLeast = 500)
        => Assert.True(Seeds.IsReplay || _counts.GetValueOrDefault(what) >= atLeast, $"only {_counts.GetValueOrDefault(what)} comparisons with: {what}");
}
