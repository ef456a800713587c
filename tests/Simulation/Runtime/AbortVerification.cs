using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>CP-15: who is told that a round is aborted looks whether another life has proven it meanwhile, before it believes that.</summary>
internal sealed class AbortVerification(CheckpointedActor actor, ParticipantSlots slots, CheckpointParticipant participant)
{
    public void Begin(RoundNumber aborted)
    {
        if (actor.Cluster.Mutation == Mutation.AbortNotVerified)
        {
            Believe(aborted);
            return;
        }

        slots.FindOtherLife(isOther =>
        {
            if (actor.IsDead)
            {
                return;
            }

            if (isOther is not { } other)
            {
                actor.Host.Perform(participant.OnAbortVerified(aborted, isAborted: false));
            }
            else if (other)
            {
                actor.Cluster.Trace.Line($"{actor.Name} does not believe that {aborted} is aborted: another life has written");
                actor.Host.Perform(actor.Host.Rollback.Algorithm.OnFenced(FenceOutcome.Superseded));
            }
            else
            {
                Believe(aborted);
            }
        });
    }

    private void Believe(RoundNumber aborted)
    {
        var inDoubt = participant.Phase is ParticipantPhase.Storing or ParticipantPhase.InDoubt ? participant.Round : RoundNumber.None;
        actor.Cluster.Judges.Decisions.OnBelieved(actor.Name, new DecisionAnswered(aborted, Decision.Aborted), inDoubt);
        actor.Host.Perform(participant.OnAbortVerified(aborted, isAborted: true));
        actor.Host.Perform(actor.Host.Rollback.Algorithm.OnDecided());
    }
}
