using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Runtime.Coordination;

/// <summary>A request that waits for its outcome.</summary>
/// <param name="startedAt">When it came.</param>
/// <param name="awaitedBy">The participant whose code asked, if it was one.</param>
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
            CheckpointCommitted committed => FromReport(committed.Report, CheckpointStatus.Committed) with
            {
                StateBytes = clock.StoredBytes(committed.Report),
                StableWrites = committed.Report.Committed.Length + 1,
            },
            CheckpointAborted aborted => FromReport(aborted, awaitedBy),
            NothingToCheckpoint nothing => FromReport(nothing.Report, CheckpointStatus.NothingToDo),
            _ => throw new Protocol.ProtocolInvariantViolatedException($"{outcome} is no outcome."),
        };
        return result with { Pause = clock.Pause, Duration = duration, Attempts = attempts };
    }

    /// <summary>The activation of the coordinator ends before the request is served.</summary>
    public static CheckpointResult Replaced(TimeSpan duration) =>
        FromReport(new CheckpointAborted(AbortReason.Superseded, null, "", RoundReport.Empty), null) with { Duration = duration, Attempts = 1 };

    private static CheckpointResult FromReport(CheckpointAborted aborted, GrainId? awaitedBy) => FromReport(aborted.Report, CheckpointStatus.Aborted) with
    {
        Reason = aborted.Reason.ToPublic(),
        Detail = Explain(aborted, awaitedBy),
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
            Detail = entry.Detail,
        }).ToImmutableArray(),
        Retakes = report.Retakes,
    };

    private static string Explain(CheckpointAborted aborted, GrainId? awaitedBy)
    {
        var who = aborted.Culprit is { } culprit && culprit != default ? $"Grain {culprit.ToGrainId()}" : "The coordinator";
        var what = aborted.Reason switch
        {
            AbortReason.Unwilling => "was not willing to take a checkpoint",
            AbortReason.AwaitedInsideRound => "is in the call chain that waits for this checkpoint, so the round could never have ended. Do not await it there",
            AbortReason.Superseded => "was replaced while the request waited",
            _ => aborted.Detail,
        };
        var hint = aborted.Reason == AbortReason.TooBusy && awaitedBy is { } caller
            ? $" If it waits for grain {caller}, which asked, the round could never have ended: ask from outside that call chain, or do not await the answer."
            : "";
        return $"{who}: {what.TrimEnd('.')}. The previous permanent checkpoints still hold. {Advise(aborted.Reason)}{hint}";
    }

    private static string Advise(AbortReason reason) => reason switch
    {
        AbortReason.Unwilling => "Ask again when it is willing.",
        AbortReason.CaptureFailed => "Make the state type serializable.",
        AbortReason.TooBusy => "Ask again, raise MaxPause, or make its handlers shorter.",
        AbortReason.OrphanFound => "It can only be rolled back.",
        AbortReason.NotStored or AbortReason.DecisionNotStored => "Check the storage provider, then ask again.",
        AbortReason.StillInDoubt => "The grain works on and asks for that decision by itself: ask again. If it stays so, check the record of decisions in the storage provider.",
        AbortReason.AwaitedInsideRound => "Ask from outside the chain, or do not await the answer.",
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
