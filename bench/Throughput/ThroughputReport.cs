using System.Text.Json.Serialization;

namespace Checkpointing.Bench.Throughput;

/// <summary>The outcome, as <c>--json</c> prints it.</summary>
internal sealed record ThroughputReport(IReadOnlyDictionary<string, ModeFigures> Modes)
{
    public static ThroughputReport Of(IReadOnlyDictionary<ThroughputMode, List<RunFigures>> runs)
    {
        var none = Median(runs[ThroughputMode.All[0]], run => run.OperationsPerSecond);
        return new ThroughputReport(runs.ToDictionary(mode => mode.Key.Name, mode => Figures(mode.Key, mode.Value, none)));
    }

    private static ModeFigures Figures(ThroughputMode mode, List<RunFigures> runs, double none)
    {
        var operations = Median(runs, run => run.OperationsPerSecond);
        var rounds = mode.TakesRounds ? RoundFigures.Sum(runs.Select(run => run.Rounds)) : null;
        return new ModeFigures(
            Math.Round(operations, 1),
            Math.Round(Median(runs, run => run.P50Milliseconds), 4),
            Math.Round(Median(runs, run => run.P99Milliseconds), 4),
            Math.Round(operations / none, 4))
        {
            RoundsCommitted = rounds?.Committed,
            RoundsAborted = rounds?.Aborted,
        };
    }

    private static double Median(List<RunFigures> runs, Func<RunFigures, double> value)
    {
        var sorted = runs.Select(value).Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>One mode: each figure is the median over its runs.</summary>
/// <param name="OpsPerSecond">Transfers per second.</param>
/// <param name="P50Ms">Half of the transfers took no longer, in milliseconds.</param>
/// <param name="P99Ms">99 of 100 transfers took no longer, in milliseconds.</param>
/// <param name="Ratio">Transfers per second against those of mode none.</param>
internal sealed record ModeFigures(double OpsPerSecond, double P50Ms, double P99Ms, double Ratio)
{
    /// <summary>Committed rounds of all runs; only in the mode that takes rounds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RoundsCommitted { get; init; }

    /// <summary>Rounds of all runs that failed or left something out; only in the mode that takes rounds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RoundsAborted { get; init; }
}
