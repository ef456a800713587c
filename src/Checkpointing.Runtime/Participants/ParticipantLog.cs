using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Participants;

/// <summary>What a participant logs.</summary>
internal sealed partial class ParticipantLog(ILogger<ParticipantLog> logger)
{
    [LoggerMessage(1, LogLevel.Error, "{Grain} could not capture its state for round {Round} and left the round; its permanent checkpoint still holds")]
    public partial void CaptureFailed(string grain, string round, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "{Grain} stopped with changes that could not be checkpointed; they are lost: {Detail}")]
    public partial void ChangesLost(string grain, string detail, Exception? exception);

    [LoggerMessage(12, LogLevel.Warning, "{Grain} is being deactivated with changes that are not permanent yet; it tries on until that succeeds or its deactivation times out: {Detail}")]
    public partial void NotCheckpointedYet(string grain, string detail);

    [LoggerMessage(3, LogLevel.Critical, "{Grain} is in doubt about round {Round}, and the coordinator's record cannot know its decision; nothing is discarded")]
    public partial void DecisionUnknown(string grain, string round);

    [LoggerMessage(4, LogLevel.Warning, "{Grain} was replaced by another activation and saved nothing: {Detail}")]
    public partial void Superseded(string grain, string detail);

    [LoggerMessage(5, LogLevel.Debug, "{Grain} {Why}; calls from outside wait")]
    public partial void GateClosed(GrainId grain, string why);

    [LoggerMessage(6, LogLevel.Debug, "{Grain} took tentative checkpoint {Round}")]
    public partial void TentativeTaken(GrainId grain, RoundNumber round);

    [LoggerMessage(7, LogLevel.Debug, "{Grain} made its tentative checkpoint permanent by round {Round}")]
    public partial void MadePermanent(GrainId grain, RoundNumber round);

    [LoggerMessage(8, LogLevel.Debug, "{Grain} undid its tentative checkpoint of round {Round}")]
    public partial void TentativeUndone(GrainId grain, RoundNumber round);

    [LoggerMessage(18, LogLevel.Error, "{Grain} failed in a step of a checkpoint or a rollback; it goes on when it is asked again. This is a mistake of the library")]
    public partial void StepFailed(string grain, Exception exception);

    [LoggerMessage(9, LogLevel.Debug, "{Grain} stored its tentative checkpoint of round {Round}: {Outcome}")]
    public partial void TentativeStored(GrainId grain, RoundNumber round, SlotWriteOutcome outcome);

    [LoggerMessage(10, LogLevel.Warning, "{Grain} could not compare its state with its permanent checkpoint; it counts as changed")]
    public partial void NotComparable(string grain, Exception exception);

    [LoggerMessage(13, LogLevel.Debug, "{Grain} depends on work that was lost: {Life} stopped and is ready to roll back")]
    public partial void StopsForRollback(string grain, string life);

    [LoggerMessage(14, LogLevel.Debug, "{Grain} rolled back to its permanent checkpoint of round {Round}")]
    public partial void RolledBack(string grain, string round);

    [LoggerMessage(17, LogLevel.Debug, "{Grain} rolled back, and its next activation could not be told")]
    public partial void NextLifeNotTold(string grain, Exception exception);

    [LoggerMessage(15, LogLevel.Debug, "{Grain} fenced off its earlier lives: {Outcome} {Detail}")]
    public partial void Fenced(string grain, FenceOutcome outcome, string detail);

    [LoggerMessage(11, LogLevel.Error, "{Grain} threw in its checkpoint observer; the round goes on without it, and a grain that fails to say whether it is willing is not")]
    public partial void ObserverFailed(string grain, Exception exception);

    [LoggerMessage(16, LogLevel.Warning, "{Grain} was told that round {Round} is aborted, but its stored checkpoints could not be read to make sure; it asks again")]
    public partial void AbortNotVerified(string grain, string round, Exception exception);

    [LoggerMessage(19, LogLevel.Warning, "{Grain} starts and has to know what became of its stored checkpoint of round {Round}, but the coordinator could not be asked; it asks again")]
    public partial void DecisionNotAnswered(GrainId grain, string round, Exception exception);
}
