using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// Brings control messages to participants: through the agent of the silo where a participant was last seen or, when it is not there, by a call to the
/// grain itself, which activates it if its answer is needed.
/// </summary>
internal sealed class ParticipantMessenger(
    AgentCalls agents, ISiloStatusOracle silos, IGrainFactory grainFactory, Action<ParticipantId, ToParticipant, string> onUnreachable, TimeProvider time)
{
    private readonly LastSeen _seen = new(time);
    private readonly Dictionary<SiloAddress, AgentOutbox> _outboxes = [];

    /// <summary>Identity of the coordinator's record.</summary>
    public Guid StoreId { get; set; }

    public void IsAt(ParticipantId participant, SiloAddress silo) => _seen.IsAt(participant, silo);

    public void Send(ParticipantId to, ToParticipant message)
    {
        var encoded = ControlMessageCodec.Encode(to, message);
        if (message is not ProveDecision || _seen.SiloOf(to) is not null)
        {
            Send(to, encoded);
            return;
        }

        // Nobody is woken up for a proof; wherever it is active, its agent knows it.
        foreach (var active in silos.GetApproximateSiloStatuses(onlyActive: true).Keys)
        {
            SendToAgent(active, encoded);
        }
    }

    public void Send(ToRollbackParticipant message) => Send(message.Life.Participant, RollbackMessageCodec.Encode(message));

    private void Send(ParticipantId to, ControlMessage encoded)
    {
        if (_seen.SiloOf(to) is { } silo)
        {
            SendToAgent(silo, encoded);
        }
        else
        {
            SendToGrain(encoded);
        }
    }

    public void Flush()
    {
        foreach (var outbox in _outboxes.Values)
        {
            outbox.Flush();
        }
    }

    private void SendToAgent(SiloAddress silo, ControlMessage message)
    {
        if (!_outboxes.TryGetValue(silo, out var outbox))
        {
            outbox = new AgentOutbox(agents, silo, StoreId, notThere => OnNotThere(silo, notThere));
            _outboxes.Add(silo, outbox);
        }

        outbox.Add(message);
    }

    private void OnNotThere(SiloAddress silo, ControlMessage[] messages)
    {
        foreach (var message in messages)
        {
            _seen.IsNotAt(message.Participant.ToParticipantId(), silo);
            SendToGrain(message);
        }
    }

    private void SendToGrain(ControlMessage message)
    {
        if (message.Algorithm == ControlAlgorithm.Rollback)
        {
            // Whichever life it is, it answers; what is lost on the way is said again.
            grainFactory.GetGrain(message.Participant).AsReference<ICheckpointParticipantExtension>().Deliver(StoreId, message).Ignore();
            return;
        }

        // A decision need not wake a grain: one that starts asks for it.
        if (ControlMessageCodec.DecodeToParticipant(message) is var decoded && decoded is JoinRound or TakeSnapshot or StoreSnapshot)
        {
            _ = Call(message, decoded);
        }
    }

    private async Task Call(ControlMessage message, ToParticipant decoded)
    {
        try
        {
            await grainFactory.GetGrain(message.Participant).AsReference<ICheckpointParticipantExtension>().Deliver(StoreId, message);
        }
        catch (Exception exception)
        {
            onUnreachable(message.Participant.ToParticipantId(), decoded, $"it could not be reached: {exception.Message}");
        }
    }
}
