using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>P-C3 (L11.3): the permanent checkpoints are consistent after commit and after undo.</summary>
internal static class PermanentCheckpointsAreConsistent
{
    public static readonly Checker Checker = new("P-C3 permanent checkpoints are consistent", Violation);

    private static string? Violation(RoundOutcome round)
    {
        var cut = CutClassification.Of(round.Trace, Cut.Of(round.Trace, round.After));
        return cut.IsConsistent ? null : $"orphan messages {string.Join(", ", cut.Orphans)}";
    }
}
