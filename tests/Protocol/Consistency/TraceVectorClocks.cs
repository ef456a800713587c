using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.Consistency;

/// <summary>The vector clock of every process at a cut of a trace, by the textbook rule: count own events, take the maximum on receipt.</summary>
internal static class TraceVectorClocks
{
    public static VectorClockCut At(Trace trace, Cut cut)
    {
        var clocks = trace.Processes.ToDictionary(process => process, _ => new long[trace.Processes.Length]);
        var atCut = trace.Processes.ToDictionary(process => process, _ => ImmutableArray.Create(new long[trace.Processes.Length]));
        var carried = new Dictionary<MessageName, long[]>();
        foreach (var happened in trace.Events.Where(happened => happened.IsCommunication))
        {
            var clock = clocks[happened.Process];
            var own = trace.Processes.IndexOf(happened.Process);
            clock[own]++;
            if (happened is SendEvent send)
            {
                carried[send.Message.Name] = [.. clock];
            }
            else if (happened is ReceiveEvent receipt)
            {
                for (var i = 0; i < clock.Length; i++)
                {
                    clock[i] = Math.Max(clock[i], carried[receipt.Message][i]);
                }
            }

            if (clock[own] == cut[happened.Process])
            {
                atCut[happened.Process] = [.. clock];
            }
        }

        return VectorClockCut.Of([.. trace.Processes.Select((ProcessName process) => (process, atCut[process]))]);
    }
}
