using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>What a caller is told of the participants that it asked for is so.</summary>
internal static class OutcomeChecker
{
    /// <param name="outcome">What the caller is told.</param>
    /// <param name="initiators">For whom it asked.</param>
    /// <param name="isPermanent">Whether everything that this participant had done when the caller asked is in permanent checkpoints now.</param>
    public static string? FindUntruth(CheckpointOutcome outcome, IReadOnlyCollection<string> initiators, Func<string, bool> isPermanent)
    {
        var committed = outcome.Report.Committed.Select(member => member.Participant.ToString()).Intersect(initiators).ToHashSet();
        var leftOut = outcome.Report.LeftOut.Select(member => member.Participant.ToString()).Intersect(initiators).ToHashSet();
        if (initiators.Where(initiator => !leftOut.Contains(initiator)).FirstOrDefault(initiator => !isPermanent(initiator)) is { } forgotten)
        {
            return $"{forgotten} was not left out, and is not permanent";
        }

        if (committed.Overlaps(leftOut))
        {
            return "the same participant was committed and left out";
        }

        var named = outcome switch
        {
            CheckpointPartlyCommitted partly => partly.First.Participant.ToString(),
            CheckpointAborted aborted => aborted.First.Participant.ToString(),
            _ => null,
        };
        var fits = outcome switch
        {
            CheckpointCommitted => committed.Count > 0 && leftOut.Count == 0,
            CheckpointPartlyCommitted => committed.Count > 0 && leftOut.Contains(named!),
            CheckpointAborted => committed.Count == 0 && leftOut.Contains(named!),
            _ => committed.Count == 0 && leftOut.Count == 0,
        };
        return fits ? null : $"{outcome.GetType().Name} does not fit {committed.Count} committed and {leftOut.Count} left out";
    }
}
