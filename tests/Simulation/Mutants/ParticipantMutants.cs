using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Mutants;

/// <summary>The mistakes that are made beside a participant: in its ledger or in what it remembers.</summary>
internal sealed class ParticipantMutants(CheckpointedActor actor)
{
    private ImmutableArray<Receipt> _frozen = [];
    private ImmutableArray<LabelClaim> _overlooked = [];
    private bool _isReady;

    private Mutation Mutation => actor.Cluster.Mutation;

    /// <summary>Forgets which rounds are over.</summary>
    public CheckpointParticipant BeforeJoin(CheckpointParticipant participant, Ledger ledger) =>
        Mutation == Mutation.LateJoinAccepted && participant.Phase == ParticipantPhase.Idle
            ? new CheckpointParticipant(ledger, RoundNumber.None)
            : participant;

    /// <summary>The claims of undone labels are overlooked.</summary>
    public JoinRound Believed(JoinRound join, Ledger ledger)
    {
        if (Mutation != Mutation.OrphansNotNeeded)
        {
            return join;
        }

        _overlooked = join.Claims.RemoveAll(claim => ledger.IsValid(claim.LastLabelReceived));
        return join with { Claims = join.Claims.RemoveAll(_overlooked.Contains) };
    }

    /// <summary>"Not needed" answers the overlooked claims too.</summary>
    public NotNeeded? Pretended(NotNeeded answer) => Mutation != Mutation.OrphansNotNeeded || _overlooked.IsEmpty ? null : answer with
    {
        PermanentMark = answer.PermanentMark with { Ends = _overlooked.Aggregate(answer.PermanentMark.Ends, (ends, claim) => ends.With(claim.LastLabelReceived)) },
    };

    /// <summary>Stops and says where it ends although a decision may still move its permanent checkpoint.</summary>
    public bool GetsReadyInDoubt(ToRollbackParticipant message, Ledger ledger, CheckpointParticipant participant)
    {
        if (Mutation != Mutation.DecisionNotAwaited || !message.Life.Equals(ledger.Life) || !(_isReady || participant.Phase == ParticipantPhase.InDoubt))
        {
            return false;
        }

        switch (message)
        {
            case PrepareToRollBack when ledger.IsOrphan(actor.Silo.Agent.Undone):
                _isReady = true;
                actor.StopHandlers();
                actor.Cluster.Network.SendToRollbackCoordinator(actor.Silo, new ReadyToRollBack(ledger.EndOf(ledger.Life)));
                return true;
            case RollBack:
                actor.Cluster.Replace(actor, keepQueue: true);
                return true;
            default:
                return false;
        }
    }

    /// <summary>What is done instead of an honest proof; null almost always.</summary>
    public ImmutableArray<ParticipantEffect>? Prove(ProveDecision prove, CheckpointParticipant participant, RoundNumber permanent) => Mutation switch
    {
        Mutation.ProvenBeforeAdoption when participant.Phase == ParticipantPhase.InDoubt => [new SendToCoordinator(new DecisionProven(prove.Round, actor.Id))],
        Mutation.MarkerOverSnapshot when participant.Phase is ParticipantPhase.InDoubt or ParticipantPhase.Storing => [new WriteMarker(permanent)],
        Mutation.ProvenWithoutMarker => [new SendToCoordinator(new DecisionProven(permanent, actor.Id))],
        _ => null,
    };

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
