using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>
/// Trap T4: a round without failures is undone only if a process was unwilling that had to take part: it is the initiator, or the
/// tentative checkpoint of a member contains a message that it sent after its permanent checkpoint.
/// </summary>
internal static class NoNeedlessUndo
{
    public static readonly Checker Checker = new("T4 no needless undo", Violation);

    private static string? Violation(RoundOutcome round)
    {
        if (round.Committed != false || round.Observations.OfType<ProcessFailed>().Any())
        {
            return null;
        }

        return round.Unwilling.Any(unwilling => unwilling == round.Initiator || HadToTakePart(unwilling, round))
            ? null
            : "the round was undone, but nobody who had to take part was unwilling";
    }

    private static bool HadToTakePart(ProcessName process, RoundOutcome round)
    {
        var sentBefore = round.Trace.HistoryOf(process)[..round.Before[process]].OfType<SendEvent>().Select(send => send.Message.Name).ToHashSet();
        return round.Taken.Any(taken => round.Trace.HistoryOf(taken.Process)[..taken.HistoryLength]
            .OfType<ReceiveEvent>()
            .Any(receipt => round.Trace.Message(receipt.Message).From == process && !sentBefore.Contains(receipt.Message)));
    }
}
