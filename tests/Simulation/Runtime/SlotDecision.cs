using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>A life whose newest slot is in doubt begins only when it knows the decision of that round: it asks until somebody tells.</summary>
internal sealed class SlotDecision(CheckpointedActor actor, Action<SlotHead?> begin, Action readAgain)
{
    private SlotInDoubt? _doubt;
    private SlotInDoubt? _verified;

    private SimulatedCluster Cluster => actor.Cluster;

    public void Await(SlotInDoubt doubt)
    {
        _doubt = doubt;
        if (_verified is { } verified && verified == doubt)
        {
            Takes(new DecisionAnswered(doubt.Round, Decision.Aborted));
            return;
        }

        AskUntilResolved(doubt);
    }

    /// <summary>False if the message is about something else.</summary>
    public bool Takes(ToParticipant message)
    {
        if (message is not DecisionAnswered answer || _doubt is not { } doubt || answer.Round != doubt.Round)
        {
            return false;
        }

        switch (answer.Decision)
        {
            case Decision.Committed:
                Believe(doubt, answer.Decision);
                Begin(doubt.IfCommitted);
                break;
            case Decision.Aborted when _verified == doubt || Cluster.Mutation == Mutation.AbortNotVerified:
                Believe(doubt, answer.Decision);
                Begin(doubt.IfAborted);
                break;
            case Decision.Aborted:
                // CP-15: it may have been proven, and forgotten, since the slots were read.
                _verified = doubt;
                _doubt = null;
                readAgain();
                break;
            case Decision.Forgotten:
                Cluster.Judges.Report("decisions", $"{actor.Name} was told that round {doubt.Round} is forgotten");
                break;
        }

        return true;
    }

    private void Believe(SlotInDoubt doubt, Decision decision) =>
        Cluster.Judges.Decisions.OnBelieved(actor.Name, new DecisionAnswered(doubt.Round, decision), doubt.Round);

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
        actor.Silo.Process.After(SimulatedCluster.AskInterval, () => AskUntilResolved(doubt));
    }
}
