using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Participants;

/// <summary>What a participant logs.</summary>
internal sealed partial class ParticipantLog(ILogger<ParticipantLog> logger)
{
    [LoggerMessage(1, LogLevel.Error, "{Grain} could not capture its state for round {Round} and left the round; its permanent checkpoint still holds")]
    public partial void CaptureFailed(string grain, string round, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "{Grain} stopped with changes that could not be checkpointed; they are lost: {Detail}")]
    public partial void ChangesLost(string grain, string detail, Exception? exception);

    [LoggerMessage(3, LogLevel.Critical, "{Grain} is in doubt about round {Round}, and the coordinator's record cannot know its decision; nothing is discarded")]
    public partial void DecisionUnknown(string grain, string round);

    [LoggerMessage(4, LogLevel.Warning, "{Grain} was replaced by another activation and saved nothing: {Detail}")]
    public partial void Superseded(string grain, string detail);
}
