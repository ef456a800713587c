using Checkpointing.Protocol.CheckpointAlgorithm;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Coordination;

/// <summary>What the coordinator logs.</summary>
internal sealed partial class CoordinatorLog(ILogger<CheckpointCoordinatorGrain> logger)
{
    public void RequestEnded(CheckpointResult result)
    {
        switch (result.Status)
        {
            case CheckpointStatus.Aborted:
                var level = LevelOf(result.Reason);
                Aborted(level, result.Round, result.Detail);
                break;
            case CheckpointStatus.PartlyCommitted:
                var worst = result.LeftOut.Max(grain => LevelOf(grain.Reason));
                PartlyCommitted(worst, result.Round, result.Participants.Count, result.LeftOut.Count, result.Detail);
                break;
            default:
                Ended(result.Round, result.Status, result.Participants.Count, result.Pause.TotalMilliseconds);
                break;
        }
    }

    /// <summary>Outcomes of a healthy application are information; what somebody should look at is a warning.</summary>
    private static LogLevel LevelOf(CheckpointAbortReason reason) => reason switch
    {
        CheckpointAbortReason.Unwilling or CheckpointAbortReason.TooBusy or CheckpointAbortReason.AwaitedInsideRound or CheckpointAbortReason.CoordinatorReplaced => LogLevel.Information,
        _ => LogLevel.Warning,
    };

    [LoggerMessage(1, LogLevel.Debug, "Round {Round} ended: {Status}, {Participants} participants, pause {PauseMs:F1} ms")]
    private partial void Ended(string round, CheckpointStatus status, int participants, double pauseMs);

    [LoggerMessage(EventId = 2, Message = "Round {Round} was aborted. {Detail}")]
    private partial void Aborted(LogLevel level, string round, string detail);

    [LoggerMessage(EventId = 8, Message = "Round {Round} was committed in part: {Participants} participants, {LeftOut} grains were left out. {Detail}")]
    private partial void PartlyCommitted(LogLevel level, string round, int participants, int leftOut, string detail);

    [LoggerMessage(3, LogLevel.Warning, "{Orphan} is an orphan: it received {Label} from {Sender}, which was undone")]
    public partial void Orphan(GrainId orphan, string label, GrainId sender);

    public void RollbackAskedFor(RollbackResult result)
    {
        if (result.Reason is RollbackAbortReason.OutcomeUnknown or RollbackAbortReason.CoordinatorReplaced)
        {
            RollbackUnknown(result.Reason, result.Detail);
        }
        else if (result.Status == RollbackStatus.Aborted)
        {
            RollbackCalledOff(result.Reason, result.Detail);
        }
        else
        {
            RollbackAgreed(result.Status, result.Participants.Length);
        }
    }

    [LoggerMessage(15, LogLevel.Warning, "Nobody knows whether a rollback that was asked for has happened ({Reason}). {Detail}")]
    private partial void RollbackUnknown(RollbackAbortReason reason, string detail);

    [LoggerMessage(11, LogLevel.Information, "A rollback that was asked for was called off ({Reason}). {Detail}")]
    private partial void RollbackCalledOff(RollbackAbortReason reason, string detail);

    [LoggerMessage(12, LogLevel.Information, "A rollback was asked for: {Status}, {Participants} grains")]
    private partial void RollbackAgreed(RollbackStatus status, int participants);

    [LoggerMessage(9, LogLevel.Information, "All grains that depend on lost work are found: {Count} roll back to their permanent checkpoints")]
    public partial void RollbackDecided(int count);

    [LoggerMessage(14, LogLevel.Error, "{Count} grains depend on lost work and roll back now, although nobody has told of {Awaited} for too long. Grains that have heard from those cannot be checkpointed until they start again: look at their errors. Some may have to roll back a second time then")]
    public partial void RollbackWithoutAnswers(int count, string awaited);

    [LoggerMessage(13, LogLevel.Warning, "A recovery is not over: it waits to hear of {Awaited}, and asks again")]
    public partial void RecoveryWaits(string awaited);

    [LoggerMessage(10, LogLevel.Warning, "No checkpoint was taken. {Detail}")]
    public partial void SilosDiffer(string detail);

    [LoggerMessage(4, LogLevel.Warning, "Another activation of the coordinator has taken over; this one retired")]
    public partial void Superseded();

    [LoggerMessage(16, LogLevel.Debug, "The coordinator does not get its own calls: it is being deactivated, or so it seems. It makes room for the next activation")]
    public partial void MakesRoom();

    [LoggerMessage(5, LogLevel.Warning, "The record of decisions was not written ({Outcome}): {Detail}")]
    public partial void RecordNotWritten(RecordWriteOutcome outcome, string detail);

    [LoggerMessage(6, LogLevel.Warning, "The record of decisions could not be read; it will be tried again")]
    public partial void RecordNotRead(Exception exception);

    [LoggerMessage(7, LogLevel.Warning, "The agent of silo {Silo} could not be asked for its changed participants")]
    public partial void SiloNotAsked(SiloAddress silo, Exception exception);
}
