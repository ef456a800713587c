using System.Diagnostics;

namespace Checkpointing.Bench.Throughput;

/// <summary>What one run came to.</summary>
internal sealed record RunFigures(long Operations, double OperationsPerSecond, double P50Milliseconds, double P99Milliseconds, RoundFigures Rounds)
{
    public static RunFigures Of(TimeSpan elapsed, IReadOnlyList<List<long>> latencies, RoundFigures rounds)
    {
        var sorted = latencies.SelectMany(caller => caller).Order().ToArray();
        return new RunFigures(sorted.Length, sorted.Length / elapsed.TotalSeconds, Quantile(sorted, 0.50), Quantile(sorted, 0.99), rounds);
    }

    private static double Quantile(long[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)] * 1_000.0 / Stopwatch.Frequency;
}

/// <summary>The rounds of one run.</summary>
/// <param name="Committed">Checkpoints of everything.</param>
/// <param name="Aborted">Those that failed, or that left something out.</param>
internal sealed record RoundFigures(int Committed, int Aborted)
{
    /// <summary>Without the work of the rounds, the figures of a mode that takes them would be too good.</summary>
    public bool MostlyCommitted => Committed > 0 && Committed >= Aborted;

    public static RoundFigures Sum(IEnumerable<RoundFigures> runs) =>
        runs.Aggregate(new RoundFigures(0, 0), (sum, run) => new RoundFigures(sum.Committed + run.Committed, sum.Aborted + run.Aborted));
}
