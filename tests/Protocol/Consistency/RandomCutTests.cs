using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg;

namespace Checkpointing.Protocol.Tests.Consistency;

/// <summary>Two definitions of a consistent cut, which know nothing of each other, on random cuts of random histories.</summary>
public sealed class RandomCutTests
{
    [Fact]
    public void A_cut_has_no_orphan_if_and_only_if_no_process_knows_more_of_another_than_that_process_itself()
    {
        var consistent = 0;
        var inconsistent = 0;
        foreach (var seed in Seeds.UpTo(2_000))
        {
            var trace = RandomHistory.Generate(seed, new HistoryShape { Events = 20 });
            var random = new Random(seed);
            for (var i = 0; i < 10; i++)
            {
                var cut = Cut.Of(trace, trace.Processes.Select(process => KeyValuePair.Create(process, random.Next(trace.HistoryOf(process).Length + 1))));
                var orphans = CutClassification.Of(trace, cut).Orphans;
                var witnesses = TraceVectorClocks.At(trace, cut).Witnesses();
                Assert.True(
                    orphans.IsEmpty == witnesses.IsEmpty,
                    $"Seed {seed}: orphans [{string.Join(", ", orphans)}], witnesses [{string.Join(", ", witnesses)}] in {string.Join(" ; ", trace.Events)}. "
                        + Seeds.Replay(seed, nameof(RandomCutTests), nameof(A_cut_has_no_orphan_if_and_only_if_no_process_knows_more_of_another_than_that_process_itself)));
                consistent += orphans.IsEmpty ? 1 : 0;
                inconsistent += orphans.IsEmpty ? 0 : 1;
            }
        }

        Report.Write($"{consistent} consistent and {inconsistent} inconsistent cuts");
        Assert.True(Seeds.IsReplay || (consistent >= 1_000 && inconsistent >= 1_000), "the random cuts no longer cover both outcomes");
    }

    [Fact]
    public void The_cut_of_everything_is_consistent()
    {
        foreach (var seed in Seeds.UpTo(200))
        {
            var trace = RandomHistory.Generate(seed, new HistoryShape());
            Assert.True(CutClassification.Of(trace, Cut.Whole(trace)).IsConsistent, $"Seed {seed}: {string.Join(" ; ", trace.Events)}");
        }
    }
}
