namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>
/// P-C1 (L11.1): a process takes at most one tentative checkpoint in a round. P-C5: it never holds a second one, so that stable
/// storage has at most the permanent and one tentative checkpoint.
/// </summary>
internal static class OneTentativeCheckpointEach
{
    public static readonly Checker Checker = new("P-C1, P-C5 one tentative checkpoint each", Violation);

    private static string? Violation(RoundOutcome round)
    {
        var twice = round.Taken.GroupBy(taken => taken.Process).FirstOrDefault(taken => taken.Count() > 1);
        var second = round.Taken.FirstOrDefault(taken => taken.HeldAnother);
        return twice is not null ? $"{twice.Key} took {twice.Count()} tentative checkpoints"
            : second is not null ? $"{second.Process} took a tentative checkpoint while it held another"
            : null;
    }
}
