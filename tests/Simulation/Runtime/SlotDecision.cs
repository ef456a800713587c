using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>A life whose newest slot is in doubt begins only when it knows the decision of that round: it asks until somebody tells.</summary>
internal sealed class SlotDecision(CheckpointedActor actor, Action<SlotHead?> begin)
{
    private SlotInDoubt? _doubt;

    private SimulatedCluster Cluster => actor.Cluster;

    public void Await(SlotInDoubt doubt)
    {
        _doubt = doubt;
        AskUntilResolved(doubt);
    }

    /// <summary>False if the message is about something else.</summary>
    public bool Takes(ToParticipant message)
    {
        if (message is not DecisionAnswered answer || _doubt is not { } doubt || answer.Round != doubt.Round)
        {
            return false;
        }

        Cluster.Judges.Decisions.OnTold(actor.Name, new DecisionAnswered(doubt.Round, answer.Decision), doubt.Round);
        switch (answer.Decision)
        {
            case Decision.Committed:
                Begin(doubt.IfCommitted);
                break;
            case Decision.Aborted:
                Begin(doubt.IfAborted);
                break;
            case Decision.Forgotten:
                Cluster.Judges.Report("decisions", $"{actor.Name} was told that round {doubt.Round} is forgotten");
                break;
        }

        return true;
    }

    private void Begin(SlotHead? permanent)
    {
        _doubt = null;
        begin(permanent);
    }

    private void AskUntilResolved(SlotInDoubt doubt)
    {
        if (actor.IsDead || !ReferenceEquals(_doubt, doubt))
        {
            return;
        }

        Cluster.Network.SendToCoordinator(actor, new AskDecision(doubt.Round, actor.Id));
        Cluster.Time.After(SimulatedCluster.AskInterval, () => AskUntilResolved(doubt));
    }
}
