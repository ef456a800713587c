namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>P-C6: no basic message is sent between the tentative checkpoint and the decision.</summary>
internal static class NoSendWhileTentative
{
    public static readonly Checker Checker = new("P-C6 no send while tentative", Violation);

    private static string? Violation(RoundOutcome round)
        => round.Observations.OfType<BasicMessageSent>().FirstOrDefault(sent => sent.WhileTentative) is { } sent
            ? $"{sent.Process} sent {sent.Message} while its checkpoint was tentative"
            : null;
}
