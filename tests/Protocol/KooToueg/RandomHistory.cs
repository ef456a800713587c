using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// Random histories as plain data: a <see cref="Trace"/> of sends (name, sender, receiver, label), receipts and rounds
/// (<c>C p</c>: at this point p initiates a checkpoint). The same seed and shape give the same history. Whoever runs it decides how
/// the messages of a round interleave with the events after it.
/// </summary>
internal static class RandomHistory
{
    public static Trace Generate(int seed, HistoryShape shape)
    {
        var random = new Random(seed);
        ImmutableArray<ProcessName> processes =
            [.. Enumerable.Range(0, random.Next(2, shape.MaxProcesses + 1)).Select(i => new ProcessName(((char)('p' + i)).ToString()))];
        var events = ImmutableArray.CreateBuilder<TraceEvent>();
        var inFlight = new List<TraceMessage>();
        var labels = new Dictionary<ProcessName, TraceLabel>();
        while (events.Count < shape.Events)
        {
            var choice = random.NextDouble();
            if (choice < shape.RoundShare)
            {
                events.Add(new CommittedRoundEvent(processes[random.Next(processes.Length)]));
            }
            else if (inFlight.Count > 0 && (choice < 0.5 || inFlight.Count >= shape.MaxInFlight))
            {
                var message = TakeNext(inFlight, random, shape.IsFifo);
                events.Add(new ReceiveEvent(message.To, message.Name));
            }
            else
            {
                var from = random.Next(processes.Length);
                var to = (from + 1 + random.Next(processes.Length - 1)) % processes.Length;
                var label = labels[processes[from]] = labels.GetValueOrDefault(processes[from]).Next;
                inFlight.Add(new TraceMessage(new MessageName($"m{events.Count}"), processes[from], processes[to], label));
                events.Add(new SendEvent(inFlight[^1]));
            }
        }

        return Trace.Of(processes, events.ToImmutable());
    }

    private static TraceMessage TakeNext(List<TraceMessage> inFlight, Random random, bool isFifo)
    {
        var chosen = inFlight[random.Next(inFlight.Count)];
        var next = isFifo ? inFlight.First(message => message.From == chosen.From && message.To == chosen.To) : chosen;
        inFlight.Remove(next);
        return next;
    }
}

/// <summary>How large and how disorderly a random history is.</summary>
internal sealed record HistoryShape
{
    public int MaxProcesses { get; init; } = 5;

    public int Events { get; init; } = 40;

    /// <summary>Share of the events that start a round.</summary>
    public double RoundShare { get; init; } = 0.1;

    public int MaxInFlight { get; init; } = 8;

    /// <summary>True if basic messages of one channel arrive in the order of sending.</summary>
    public bool IsFifo { get; init; }
}
