using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>Accepts the events of a trace one by one and throws on the first that contradicts the ones before it.</summary>
internal sealed class WellFormedTrace(ImmutableArray<ProcessName> processes, ImmutableArray<TraceEvent> events)
{
    private readonly Dictionary<MessageName, (TraceMessage Message, int Position)> _sent = [];
    private readonly Dictionary<MessageName, int> _received = [];
    private readonly Dictionary<ProcessName, TraceLabel> _lastLabels = [];

    /// <exception cref="InvalidTraceException">The event contradicts the ones before it.</exception>
    public void Accept(int index)
    {
        RequireProcess(index, events[index].Process);
        switch (events[index])
        {
            case SendEvent send:
                AcceptSend(index, send.Message);
                break;
            case ReceiveEvent receive:
                AcceptReceipt(index, receive);
                break;
        }
    }

    private void AcceptSend(int index, TraceMessage message)
    {
        RequireProcess(index, message.To);
        if (message.To == message.From)
        {
            throw Invalid(index, $"process '{message.From}' sends a message to itself");
        }

        if (!_sent.TryAdd(message.Name, (message, index + 1)))
        {
            throw Invalid(index, $"message '{message.Name}' is sent twice, first by element {_sent[message.Name].Position}");
        }

        var last = _lastLabels.GetValueOrDefault(message.From);
        if (message.Label.CompareTo(last) <= 0)
        {
            throw Invalid(index, $"the labels of '{message.From}' must grow: {message.Label} after {last}");
        }

        _lastLabels[message.From] = message.Label;
    }

    private void AcceptReceipt(int index, ReceiveEvent receipt)
    {
        if (!_sent.TryGetValue(receipt.Message, out var sent))
        {
            throw Invalid(index, $"message '{receipt.Message}' is received {BeforeItIsSentOrNever(index, receipt.Message)}");
        }

        if (sent.Message.To != receipt.Process)
        {
            throw Invalid(index, $"message '{receipt.Message}' was sent to '{sent.Message.To}', not to '{receipt.Process}'");
        }

        if (!_received.TryAdd(receipt.Message, index + 1))
        {
            throw Invalid(index, $"message '{receipt.Message}' is received twice, first by element {_received[receipt.Message]}");
        }
    }

    private string BeforeItIsSentOrNever(int index, MessageName message)
    {
        for (var i = index + 1; i < events.Length; i++)
        {
            if (events[i] is SendEvent send && send.Message.Name == message)
            {
                return $"before it is sent, by element {i + 1}";
            }
        }

        return "but never sent";
    }

    private void RequireProcess(int index, ProcessName process)
    {
        if (!processes.Contains(process))
        {
            throw Invalid(index, $"unknown process '{process}'");
        }
    }

    private InvalidTraceException Invalid(int index, string reason) => new(index + 1, events[index].ToString()!, reason);
}
