using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// What happened, as a sequence of events that every process agrees with (rule A1). The local history of a process is its own
/// sends and receipts, in order. A trace is well-formed: a message is sent once, received at most once, after its send and by the
/// process it was sent to, and the labels of a sender grow. It need not be FIFO.
/// </summary>
internal sealed class Trace
{
    private readonly ImmutableDictionary<ProcessName, ImmutableArray<TraceEvent>> _histories;
    private readonly ImmutableDictionary<MessageName, TraceMessage> _messages;

    private Trace(
        ImmutableArray<ProcessName> processes,
        ImmutableArray<TraceEvent> events,
        ImmutableDictionary<ProcessName, ImmutableArray<TraceEvent>> histories,
        ImmutableDictionary<MessageName, TraceMessage> messages)
    {
        Processes = processes;
        Events = events;
        _histories = histories;
        _messages = messages;
    }

    public ImmutableArray<ProcessName> Processes { get; }

    public ImmutableArray<TraceEvent> Events { get; }

    /// <exception cref="InvalidTraceException">An event contradicts the ones before it.</exception>
    public static Trace Of(ImmutableArray<ProcessName> processes, ImmutableArray<TraceEvent> events)
    {
        var wellFormed = new WellFormedTrace(processes, events);
        var histories = processes.ToImmutableDictionary(process => process, _ => ImmutableArray.CreateBuilder<TraceEvent>());
        for (var i = 0; i < events.Length; i++)
        {
            wellFormed.Accept(i);
            if (events[i].IsCommunication)
            {
                histories[events[i].Process].Add(events[i]);
            }
        }

        return new Trace(
            processes,
            events,
            histories.ToImmutableDictionary(history => history.Key, history => history.Value.ToImmutable()),
            events.OfType<SendEvent>().ToImmutableDictionary(send => send.Message.Name, send => send.Message));
    }

    /// <summary>The sends and receipts of one process, in order.</summary>
    public ImmutableArray<TraceEvent> HistoryOf(ProcessName process) => _histories[process];

    public TraceMessage Message(MessageName name) => _messages[name];
}
