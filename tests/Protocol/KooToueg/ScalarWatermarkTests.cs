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

        foreach (var (what, count) in _counts.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            Report.Write($"{count} comparisons: {what}");
        }

        RequireOften("no tentative pending: needed");
        RequireOften("no tentative pending: not needed");
        RequireOften("tentative pending: not needed");
        RequireOften("tentative pending: W at the permanent checkpoint would say needed");
        Assert.Equal(0, _counts.GetValueOrDefault("tentative pending: needed"));
    }

    private void Count(Asked asked)
    {
        var isPending = asked.LastLabelSentBeforeTentative is not null;
        Count($"{(isPending ? "tentative" : "no tentative")} pending: {(asked.SaysSentSinceLastCheckpoint ? "needed" : "not needed")}");
        if (isPending && asked.LastLabelReceived > asked.LastLabelSentBeforePermanent)
        {
            Count("tentative pending: W at the permanent checkpoint would say needed");
        }
    }

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    private void RequireOften(string what)
        => Assert.True(Seeds.IsReplay || _counts.GetValueOrDefault(what) >= 500, $"only {_counts.GetValueOrDefault(what)} comparisons with: {what}");
}
