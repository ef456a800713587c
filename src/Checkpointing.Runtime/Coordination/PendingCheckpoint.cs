using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Runtime.Coordination;

/// <summary>A request that waits for its outcome.</summary>
/// <param name="startedAt">When it came.</param>
/// <param name="awaitedBy">The nearest participant in whose call chain it was asked, if there is one.</param>
internal sealed class PendingCheckpoint(long startedAt, GrainId? awaitedBy)
{
    private readonly TaskCompletionSource<CheckpointResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long StartedAt { get; } = startedAt;

    public GrainId? AwaitedBy { get; } = awaitedBy;

    public Task<CheckpointResult> Result => _result.Task;

    public void Complete(CheckpointResult result) => _result.TrySetResult(result);
}

/// <summary>Translates the protocol's outcome into the public result.</summary>
internal static class CheckpointResults
{
    public static CheckpointResult ToResult(this CheckpointOutcome outcome, GrainId? awaitedBy, RoundClock clock, TimeSpan duration, int attempts)
    {
        var result = outcome switch
        {
            CheckpointCommitted => FromReport(outcome.Report, CheckpointStatus.Committed),
            CheckpointPartlyCommitted partly => FromReport(outcome.Report, CheckpointStatus.PartlyCommitted) with
            {
                Reason = partly.First.Reason.ToPublic(),
                Detail = Explain(partly.First, "The grains in LeftOut keep their previous permanent checkpoints; the others that were asked for have new ones.", awaitedBy),
            },
            CheckpointAborted aborted => FromReport(outcome.Report, CheckpointStatus.Aborted) with
            {
                Reason = aborted.First.Reason.ToPublic(),
                Detail = Explain(
                    aborted.First,
                    aborted.First.Reason == AbortReason.AwaitedInsideRound ? "Until a round commits, the previous permanent checkpoints hold." : "The previous permanent checkpoints still hold.",
                    awaitedBy),
            },
            NothingToCheckpoint => FromReport(outcome.Report, CheckpointStatus.NothingToDo),
            _ => throw new Protocol.ProtocolInvariantViolatedException($"{outcome} is no outcome."),
        };
        return result with { Pause = clock.Pause, Duration = duration, Attempts = attempts, StateBytes = clock.StoredBytes(outcome.Report) };
    }

    /// <summary>What was asked of all grains that have changed, when some silos did not say which of theirs have.</summary>
    public static CheckpointResult WithoutSilos(this CheckpointResult result, IReadOnlyList<SiloAddress> silent) => silent.Count == 0 ? result : result with
    {
        Status = result.Status == CheckpointStatus.Committed ? CheckpointStatus.PartlyCommitted : result.Status == CheckpointStatus.NothingToDo ? CheckpointStatus.Aborted : result.Status,
        Reason = result.Status == CheckpointStatus.Aborted ? result.Reason : CheckpointAbortReason.SiloNotAsked,
        Detail = $"{result.Detail} Silo {string.Join(", ", silent)} did not say which of its grains have changed: those keep their previous permanent checkpoints, unless they are among the participants. Ask again.".TrimStart(),
    };

    private static CheckpointResult FromReport(RoundReport report, CheckpointStatus status) => new()
    {
        Status = status,
        Round = report.Round.IsNone ? "" : report.Round.ToString(),
        Participants = report.Committed.Select(member => new RoundParticipant
        {
            GrainId = member.Participant.ToGrainId(),
            DrawnInBy = member.DrawnInBy?.ToGrainId(),
            LastLabelReceived = member.LastLabelReceived.Sequence,
            FirstLabelSent = member.FirstLabelSent,
            PreviousMark = member.PreviousMark.ToString(),
        }).ToImmutableArray(),
        LeftOut = report.LeftOut.Select(entry => new LeftOutParticipant
        {
            GrainId = entry.Participant.ToGrainId(),
            Reason = entry.Reason.ToPublic(),
            Detail = entry.Culprit is { } culprit && culprit != entry.Participant ? $"it goes together with grain {culprit.ToGrainId()}: {entry.Detail}" : entry.Detail,
        }).ToImmutableArray(),
        Retakes = report.Retakes,
        StableWrites = report.StableWrites,
    };

    private static string Explain(LeftOutMember failure, string whatHolds, GrainId? awaitedBy)
    {
        var who = failure.Culprit is { } culprit ? $"Grain {culprit.ToGrainId()}" : "The coordinator";
        var what = failure.Reason switch
        {
            AbortReason.Unwilling => "was not willing to take a checkpoint",
            AbortReason.AwaitedInsideRound => $"is in the call chain in which this was asked, for whose end a round has to wait, so the answer does not wait for the round: {failure.Detail}",
            AbortReason.Superseded => "was replaced while the request waited",
            _ => failure.Detail,
        };
        var hint = failure.Reason == AbortReason.TooBusy && awaitedBy is { } caller
            ? $" If it waits for grain {caller}, in whose call chain this was asked, the round could never have ended: ask from outside that call chain, or do not await the answer."
            : "";
        return $"{who}: {what.TrimEnd('.')}. {whatHolds} {Advise(failure.Reason)}{hint}";
    }

    private static string Advise(AbortReason reason) => reason switch
    {
        AbortReason.Unwilling => "Ask again when it is willing.",
        AbortReason.CaptureFailed => "Make the state type serializable.",
        AbortReason.TooBusy => "Ask again, raise MaxPause, or make its handlers shorter.",
        AbortReason.OrphanFound => "It rolls back by itself: ask again.",
        AbortReason.NotStored or AbortReason.DecisionNotStored => "Check the storage provider, then ask again.",
        AbortReason.StillInDoubt => "The grain works on and asks for that decision by itself: ask again. If it stays so, check the record of decisions in the storage provider.",
        AbortReason.AwaitedInsideRound => "Do not await the answer there; to hear how a round ends, ask from outside the chain.",
        _ => "Ask again.",
    };

    private static CheckpointAbortReason ToPublic(this AbortReason reason) => reason switch
    {
        AbortReason.Unwilling => CheckpointAbortReason.Unwilling,
        AbortReason.CaptureFailed => CheckpointAbortReason.CaptureFailed,
        AbortReason.TooBusy => CheckpointAbortReason.TooBusy,
        AbortReason.OrphanFound => CheckpointAbortReason.OrphanFound,
        AbortReason.Lost => CheckpointAbortReason.ParticipantLost,
        AbortReason.NotStored => CheckpointAbortReason.NotStored,
        AbortReason.StillInDoubt => CheckpointAbortReason.StillInDoubt,
        AbortReason.AwaitedInsideRound => CheckpointAbortReason.AwaitedInsideRound,
        AbortReason.DecisionNotStored => CheckpointAbortReason.DecisionNotStored,
        _ => CheckpointAbortReason.CoordinatorReplaced,
    };
}
