using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Messages of a rollback as they stand in a trace.</summary>
internal static class RollbackText
{
    public static string Of(ToRollbackParticipant message) => message switch
    {
        AskLife ask => $"do the labels of {ask.Life} count{(ask.LastLabelReceived == AskLife.AllLabels ? "" : $" up to {ask.LastLabelReceived}")}?",
        PrepareToRollBack prepare => $"prepare to roll back {prepare.Life}",
        RollBack rollBack => $"roll back {rollBack.Life}",
        _ => message.ToString(),
    };

    public static string Of(ToRollbackCoordinator message) => message switch
    {
        SuspectsReported reported => $"suspect: {string.Join(", ", reported.Suspects.Select(suspect => suspect.Life))}",
        OrphansReported reported => $"orphans: {string.Join(", ", reported.Orphans)}",
        LabelsCount counts => $"the labels of {counts.Life} count",
        LifeEnded ended => ended.End.ToString(),
        ReadyToRollBack ready => $"ready to roll back: {ready.End}",
        NotAnOrphan not => $"{not.Life} is no orphan",
        RolledBack rolledBack => $"{rolledBack.Life} has rolled back",
        EndsInstalled installed => $"{installed.Silo} has installed {installed.Position}, orphans: {string.Join(", ", installed.Orphans)}{(installed.HasOrphanOnItsWay ? ", and one on its way" : "")}",
        _ => message.ToString(),
    };
}
