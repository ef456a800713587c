using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// What one process did and has not undone: its sends and receipts in order, and the states it can go back to. A recovery line is drawn
/// through such histories.
/// </summary>
internal sealed class LocalHistory
{
    /// <param name="process">The process.</param>
    /// <param name="events">Its sends and receipts, in order. What an earlier rollback undid is left out.</param>
    /// <param name="checkpoints">How many of these events each checkpoint contains, ascending. The initial state is always there and need not be named.</param>
    /// <exception cref="ArgumentException">A checkpoint does not fit the events, or the one before it.</exception>
    public LocalHistory(ProcessName process, ImmutableArray<LocalEvent> events, IEnumerable<int> checkpoints)
    {
        Process = process;
        Events = events;
        Checkpoints = [0, .. checkpoints];
        for (var i = 1; i < Checkpoints.Length; i++)
        {
            if (Checkpoints[i] < Checkpoints[i - 1] || Checkpoints[i] > events.Length)
            {
                throw new ArgumentException($"checkpoint {i} of '{process}' contains {Checkpoints[i]} events, after {Checkpoints[i - 1]} and of {events.Length}", nameof(checkpoints));
            }
        }
    }

    public ProcessName Process { get; }

    public ImmutableArray<LocalEvent> Events { get; }

    /// <summary>How many events each checkpoint contains. The first entry is the initial state.</summary>
    public ImmutableArray<int> Checkpoints { get; }

    /// <summary>The newest checkpoint that contains at most this many events.</summary>
    public int NewestCheckpointWithin(int events)
    {
        var newest = Checkpoints.Length - 1;
        while (Checkpoints[newest] > events)
        {
            newest--;
        }

        return newest;
    }

    /// <summary>What is left of this history after going back.</summary>
    public LocalHistory BackTo(int events)
        => new(Process, Events[..events], Checkpoints.Skip(1).Where(checkpoint => checkpoint <= events));

    /// <summary>The histories of a trace, with its uncoordinated checkpoints (<c>ck p</c>).</summary>
    public static ImmutableArray<LocalHistory> AllOf(Trace trace)
    {
        var length = trace.Processes.ToDictionary(process => process, _ => 0);
        var checkpoints = trace.Processes.ToDictionary(process => process, _ => new List<int>());
        foreach (var happened in trace.Events)
        {
            length[happened.Process] += happened.IsCommunication ? 1 : 0;
            if (happened is LocalCheckpointEvent)
            {
                checkpoints[happened.Process].Add(length[happened.Process]);
            }
        }

        return [.. trace.Processes.Select(process => Of(trace, process, checkpoints[process]))];
    }

    /// <summary>The history of one process of a trace, with checkpoints of our own choice.</summary>
    public static LocalHistory Of(Trace trace, ProcessName process, IEnumerable<int> checkpoints)
        => new(
            process,
            [.. trace.HistoryOf(process).Select(happened => happened switch
            {
                SendEvent send => (LocalEvent)new Sent(send.Message.Name, send.Message.To),
                ReceiveEvent receipt => new Received(receipt.Message),
                _ => throw new InvalidOperationException($"'{happened}' is neither a send nor a receipt."),
            })],
            checkpoints);
}

/// <summary>A send or a receipt, as its process saw it. A message has one name for both.</summary>
internal abstract record LocalEvent(MessageName Message);

internal sealed record Sent(MessageName Message, ProcessName To) : LocalEvent(Message);

internal sealed record Received(MessageName Message) : LocalEvent(Message);
