using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Mutants;

/// <summary>The mistakes that are made beside a participant: in its ledger or in what it remembers.</summary>
internal sealed class ParticipantMutants(CheckpointedActor actor)
{
    private ImmutableArray<Receipt> _frozen = [];

    private Mutation Mutation => actor.Cluster.Mutation;

    /// <summary>Forgets which rounds are over.</summary>
    public CheckpointParticipant BeforeJoin(CheckpointParticipant participant, Ledger ledger) =>
        Mutation == Mutation.LateJoinAccepted && participant.Phase == ParticipantPhase.Idle
            ? new CheckpointParticipant(ledger, RoundNumber.None)
            : participant;

    public void AfterTentative(Ledger ledger) => _frozen = ledger.Tentative!.Receipts;

    public void AfterUndo(Ledger ledger)
    {
        if (Mutation != Mutation.UndoForgetsReceipts)
        {
            return;
        }

        var later = ledger.Received.ToImmutable().Where(receipt => !_frozen.Contains(receipt)).ToImmutableArray();
        ledger.Received.Clear();
        ledger.Received.Merge(later);
    }

    public void AfterCommit(Ledger ledger, RoundNumber number)
    {
        if (Mutation == Mutation.ReceiptsClearedAtCommit)
        {
            ledger.Received.Clear();
        }
        else if (Mutation == Mutation.ProvenTooEarly)
        {
            actor.Cluster.Network.SendToCoordinator(actor, new DecisionProven(number, actor.Id));
        }
    }
}
