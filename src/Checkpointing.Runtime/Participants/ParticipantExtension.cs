using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Participants;

/// <summary>Control messages that had to activate their participant, or could not be delivered by an agent.</summary>
internal sealed class ParticipantExtension(ParticipantHost host) : ICheckpointParticipantExtension
{
    public Task Deliver(Guid storeId, ControlMessage message)
    {
        host.BeInReach();
        host.OnMessage(storeId, message);
        return Task.CompletedTask;
    }
}
