using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Runtime.Coordination;

/// <summary>Translates the protocol's outcome of a rollback that was asked for into the public result.</summary>
internal static class RollbackResults
{
    private const string NobodyRolledBack = "Nobody has rolled back, and nothing was lost.";

    public static RollbackResult Replaced(TimeSpan duration) => new()
    {
        Status = RollbackStatus.Aborted,
        Reason = RollbackAbortReason.CoordinatorReplaced,
        Detail = "The coordinator was replaced while the request waited. Either all participants have rolled back or none. Look at the grain, then ask again if need be.",
        Duration = duration,
    };

    public static RollbackResult SilosDiffer(string difference) => new()
    {
        Status = RollbackStatus.Aborted,
        Reason = RollbackAbortReason.SilosDiffer,
        Detail = $"{difference} So nobody can say who would have to roll back. {NobodyRolledBack} Ask again when that silo is gone or upgraded.",
    };

    public static RollbackResult ToResult(this RequestedRollbackOutcome outcome, bool isPreview, TimeSpan duration) => new()
    {
        Status = !outcome.IsDecided ? RollbackStatus.Aborted : isPreview ? RollbackStatus.Preview : RollbackStatus.RolledBack,
        Reason = outcome.WhyNot.ToPublic(),
        Detail = outcome.IsDecided ? "" : Explain(outcome),
        Participants =
        [
            .. outcome.Members.Select(member => new RolledBackParticipant
            {
                GrainId = member.End.Life.Participant.ToGrainId(),
                DrawnInBy = member.Reason?.LastLabelReceived.Sender.Participant.ToGrainId(),
                LastLabelReceived = member.Reason?.LastLabelReceived.Sequence ?? 0,
                LastLabelThatCounts = member.Reason?.End ?? 0,
                MessagesUndone = member.LabelsUndone,
                CallsUndone = member.CallsUndone,
            }),
        ],
        Duration = duration,
    };

    private static RollbackAbortReason ToPublic(this WhyNotRolledBack? reason) => reason switch
    {
        null => RollbackAbortReason.None,
        WhyNotRolledBack.Unwilling => RollbackAbortReason.Unwilling,
        WhyNotRolledBack.TooBusy => RollbackAbortReason.TooBusy,
        WhyNotRolledBack.ForcedRollback => RollbackAbortReason.LossComesFirst,
        WhyNotRolledBack.Unknown => RollbackAbortReason.OutcomeUnknown,
        _ => RollbackAbortReason.ParticipantLost,
    };

    private static string Explain(RequestedRollbackOutcome outcome)
    {
        var who = outcome.Refused is { } refused ? $"Grain {refused.Participant.ToGrainId()}" : "A grain that would have to roll back";
        return outcome.WhyNot switch
        {
            WhyNotRolledBack.Unwilling => $"{who} is not willing to roll back. {NobodyRolledBack} Ask again when it is.",
            WhyNotRolledBack.TooBusy => $"The running call chains of the grains that would have to roll back did not end within MaxPause. {NobodyRolledBack} Ask again, raise MaxPause, or make handlers shorter; "
                + "a call of one of these grains that awaits this rollback can never end.",
            WhyNotRolledBack.ForcedRollback => $"The loss of a silo is being dealt with, and that comes first. {NobodyRolledBack} Ask again when it is over.",
            WhyNotRolledBack.NoAnswer => $"{(outcome.Refused is null ? "A silo" : who)} has not answered within MaxPause: it may be unable to start, because its record is damaged or storage is down. {NobodyRolledBack} "
                + "Look at its errors, then ask again.",
            WhyNotRolledBack.Unknown => $"{who} was told to roll back, which decides, and has not answered since: its silo may have died in that moment, and it may be unable to start. Either all participants roll back or none. "
                + "Look at its errors and at its state, then ask again if need be.",
            _ => $"{who} restarted meanwhile, or had not heard of the coordinator for too long. {NobodyRolledBack} Ask again.",
        };
    }
}
