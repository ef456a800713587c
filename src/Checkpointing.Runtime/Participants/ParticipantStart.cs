using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// How an activation begins: with a new life, from the permanent checkpoint, or with the life of the activation that was dehydrated. Its OnActivateAsync runs afterwards, and may fail.
/// </summary>
internal sealed class ParticipantStart(
    CheckpointedActivation activation, CheckpointedStates states, CapturedStates captured, CheckpointSlots slots, ParticipantMove move, ParticipantServices services)
{
    private MigratedParticipant? _takenOver;
    private long _sentBefore;

    private GrainId GrainId => activation.Context.GrainId;

    /// <summary>Its part in rounds; and, only if it goes on with a life that has moved here, whose record decides about that one's checkpoints.</summary>
    public async Task<(CheckpointParticipant Participant, Guid? StoreId)> Begin(CancellationToken cancellationToken)
    {
        var begun = move.Arrived is { } migrated ? (Resume(migrated), migrated.StoreId) : (await BeginLife(cancellationToken), (Guid?)null);
        _sentBefore = activation.Ledger.LastSequence;
        return begun;
    }

    /// <summary>
    /// It ends before any call has reached it, so nobody can say whether its OnActivateAsync has run to its end: what that has done to the state is undone.
    /// </summary>
    /// <returns>Why that cannot be, if it cannot.</returns>
    public string? UndoActivation()
    {
        if (activation.Ledger.LastSequence != _sentBefore)
        {
            return "it ends before its first call, and its OnActivateAsync had called other grains and failed, or nobody knows that it has ended well.";
        }

        if (_takenOver is { } life)
        {
            Restore(life);
        }

        return null;
    }

    /// <summary>OnActivateAsync has ended well.</summary>
    public void OnInReach() => _takenOver = null;

    private async Task<CheckpointParticipant> BeginLife(CancellationToken cancellationToken)
    {
        var permanent = await new PermanentCheckpointLoader(services, slots, GrainId).Load(cancellationToken);
        slots.Choose(permanent?.Head);
        states.Restore(permanent?.States ?? [], permanent?.Head.Round ?? RoundNumber.None);
        captured.PermanentHash = permanent is null ? StateHash.Of(states.Capture()) : StateHash.Of(permanent.States);
        var incarnation = new Incarnation(slots.NextGeneration(), Guid.NewGuid());
        activation.Ledger = new Ledger(new Life(GrainId.ToParticipantId(), incarnation, services.Here), permanent?.Head.Mark ?? CheckpointMark.Initial);
        activation.StateMayHaveChanged = false;
        return new CheckpointParticipant(activation.Ledger, slots.LastRound);
    }

    private CheckpointParticipant Resume(MigratedParticipant migrated)
    {
        move.Arrived = null;
        _takenOver = migrated;
        Restore(migrated);
        captured.PermanentHash = migrated.PermanentHash;
        activation.Ledger = migrated.Ledger;
        activation.StateMayHaveChanged = migrated.StateMayHaveChanged;
        return new CheckpointParticipant(migrated.Ledger, migrated.LastFinished);
    }

    private void Restore(MigratedParticipant life) => states.Restore(life.States, slots.Permanent?.Round ?? RoundNumber.None);
}
