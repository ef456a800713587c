using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Mutants;

/// <summary>The mistakes that are made around a coordinator: in what it is told and in what becomes of its effects.</summary>
internal sealed class CoordinatorMutants(SimulatedCluster cluster, CheckpointCoordinator coordinator)
{
    private bool _hasJustRead;

    /// <summary>An answer that bypasses the coordinator; null almost always.</summary>
    public ToParticipant? Answer(ToCoordinator message, DecisionRecord? beingWritten) =>
        cluster.Mutation == Mutation.DecisionAnsweredBeforeWritten && message is AskDecision ask && beingWritten?.IsCommitted(ask.Round) == true
            ? new DecisionAnswered(ask.Round, Decision.Committed)
            : null;

    public ToCoordinator Alter(ToCoordinator message) => cluster.Mutation switch
    {
        Mutation.VerificationOff when message is SnapshotTaken taken => taken with { Snapshot = FittingAlways(taken.Snapshot) },
        Mutation.CommitWithoutAllVotes when message is Voted voted => voted with { Yes = true },
        Mutation.CommitWithoutAllVotes when message is NotInRound lost && coordinator.Round?.IsVerified == true => new Voted(lost.Round, lost.From, true, ""),
        _ => message,
    };

    /// <summary>The write is left out, and the coordinator is told that it is stored.</summary>
    public bool PretendsToWrite(DecisionRecord record)
    {
        var fencesAfterRead = _hasJustRead && coordinator.Phase == CoordinatorPhase.Ready;
        _hasJustRead = false;
        return cluster.Mutation switch
        {
            Mutation.NoFencingWrite => fencesAfterRead,
            Mutation.EpochNotRaised => coordinator.Phase == CoordinatorPhase.Starting && record.Epoch > 1,
            _ => false,
        };
    }

    public void OnRead() => _hasJustRead = true;

    private TentativeCheckpoint FittingAlways(TentativeCheckpoint snapshot)
    {
        var members = coordinator.Round?.Members;
        var mark = snapshot.Mark with { Label = snapshot.Mark.Label with { Sequence = long.MaxValue } };
        return new TentativeCheckpoint(
            mark,
            [.. snapshot.Receipts.Where(receipt => members is not null && members.TryGetValue(receipt.Sender.Participant, out var member) && member.IsIn)]);
    }
}
