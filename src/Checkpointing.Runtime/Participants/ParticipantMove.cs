using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>Takes the life of a participant along when its grain moves to another silo.</summary>
internal sealed class ParticipantMove(ParticipantHost host, CheckpointSlots slots, SiloId here) : IGrainMigrationParticipant
{
    /// <summary>What another activation handed over, until it was taken up.</summary>
    public MigratedParticipant? Arrived { get; set; }

    /// <summary>Whether the runtime has asked what goes along.</summary>
    public bool IsCarriedOut { get; private set; }

    public void OnDehydrate(IDehydrationContext dehydrationContext)
    {
        IsCarriedOut = true;
        try
        {
            host.Leave()?.Pack(dehydrationContext, slots);
        }
        catch (Exception exception)
        {
            // The new activation starts from the permanent checkpoint.
            host.OnChangesLost(exception.Message, exception);
        }
    }

    public void OnRehydrate(IRehydrationContext rehydrationContext) =>
        Arrived = MigratedParticipant.Unpack(rehydrationContext, host.GrainId.ToParticipantId(), here, slots);
}
