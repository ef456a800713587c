using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>The global state of a cut: the exact sets of messages whose send, and whose receipt, the cut contains.</summary>
internal sealed class GlobalState
{
    private GlobalState(ImmutableArray<TraceMessage> sent, ImmutableArray<TraceMessage> received)
    {
        Sent = sent;
        Received = received;
    }

    /// <summary>Messages whose send the cut contains, by sender in the order of sending.</summary>
    public ImmutableArray<TraceMessage> Sent { get; }

    /// <summary>Messages whose receipt the cut contains, by receiver in the order of receipt.</summary>
    public ImmutableArray<TraceMessage> Received { get; }

    public static GlobalState Of(Trace trace, Cut cut)
    {
        var sent = ImmutableArray.CreateBuilder<TraceMessage>();
        var received = ImmutableArray.CreateBuilder<TraceMessage>();
        foreach (var process in trace.Processes)
        {
            foreach (var happened in trace.HistoryOf(process).AsSpan()[..cut[process]])
            {
                switch (happened)
                {
                    case SendEvent send:
                        sent.Add(send.Message);
                        break;
                    case ReceiveEvent receipt:
                        received.Add(trace.Message(receipt.Message));
                        break;
                }
            }
        }

        return new GlobalState(sent.ToImmutable(), received.ToImmutable());
    }
}
