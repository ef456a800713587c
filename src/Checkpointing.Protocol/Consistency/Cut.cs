using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>A prefix of each local history (rule A1): how many of its own sends and receipts the cut of each process contains.</summary>
internal sealed class Cut
{
    private readonly ImmutableDictionary<ProcessName, int> _lengths;

    private Cut(ImmutableDictionary<ProcessName, int> lengths) => _lengths = lengths;

    public int this[ProcessName process] => _lengths[process];

    /// <exception cref="InvalidCutException">A process is unknown or missing, or a length is not within the history.</exception>
    public static Cut Of(Trace trace, IEnumerable<KeyValuePair<ProcessName, int>> lengths)
    {
        var cut = lengths.ToImmutableDictionary();
        foreach (var (process, length) in cut.OrderBy(entry => entry.Key))
        {
            if (!trace.Processes.Contains(process))
            {
                throw new InvalidCutException($"the cut names an unknown process '{process}'");
            }

            var events = trace.HistoryOf(process).Length;
            if (length < 0 || length > events)
            {
                throw new InvalidCutException($"the cut of '{process}' is {length}, but '{process}' has {events} sends and receipts");
            }
        }

        foreach (var process in trace.Processes)
        {
            if (!cut.ContainsKey(process))
            {
                throw new InvalidCutException($"the cut of process '{process}' is missing");
            }
        }

        return new Cut(cut);
    }

    /// <summary>The cut that contains everything that happened.</summary>
    public static Cut Whole(Trace trace) => new(trace.Processes.ToImmutableDictionary(process => process, process => trace.HistoryOf(process).Length));
}
