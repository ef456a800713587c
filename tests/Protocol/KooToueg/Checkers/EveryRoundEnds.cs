namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>P-C2 (L11.2): every round is decided, every tentative checkpoint learns it, and no message circulates for ever.</summary>
internal static class EveryRoundEnds
{
    public static readonly Checker Checker = new("P-C2 every round ends", Violation);

    private static string? Violation(RoundOutcome round)
        => !round.NetworkRanDry ? "control messages are still in flight after more steps than a round needs"
            : round.Committed is null ? "the round was never decided"
            : !round.Undecided.IsEmpty ? $"undecided tentative checkpoints of {string.Join(", ", round.Undecided)}"
            : null;
}
