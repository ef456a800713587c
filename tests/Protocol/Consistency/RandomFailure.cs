using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg;

namespace Checkpointing.Protocol.Tests.Consistency;

/// <summary>A small random history with uncoordinated checkpoints, some failed processes, and some calls that are awaited or lost.</summary>
internal static class RandomFailure
{
    public static (Trace Trace, Failure Failure) Generate(int seed)
    {
        var trace = WithCheckpoints(RandomHistory.Generate(seed, new HistoryShape { MaxProcesses = 4, Events = 24, RoundShare = 0.25 }));
        var random = new Random(seed ^ 0xFA11);
        var sent = trace.Events.OfType<SendEvent>().Select(send => send.Message.Name).ToList();
        return (trace, new Failure
        {
            Histories = LocalHistory.AllOf(trace),
            Failed = [.. trace.Processes.Where(_ => random.Next(3) == 0)],
            AwaitedCalls = [.. sent.Where(_ => random.Next(6) == 0)],
            LostCalls = [.. sent.Where(_ => random.Next(20) == 0)],
        });
    }

    // "C p" stands for "p takes a checkpoint" here, and nobody else does.
    private static Trace WithCheckpoints(Trace history)
        => Trace.Of(history.Processes, [.. history.Events.Select(happened => happened is CommittedRoundEvent ? new LocalCheckpointEvent(happened.Process) : happened)]);
}
