using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>One tentative checkpoint on its way to the free slot.</summary>
internal readonly struct SnapshotWrite(GrainId grain, CheckpointSlots slots, ParticipantServices services)
{
    private readonly GrainId _grain = grain;
    private readonly CheckpointSlots _slots = slots;
    private readonly ParticipantServices _services = services;

    public async Task<(SlotWriteOutcome Outcome, string Detail)> Store(
        WriteSnapshot write, Incarnation life, Guid storeId, ImmutableArray<(string Name, byte[] Bytes)> states)
    {
        var baseRound = _slots.PermanentRound;
        var head = new SlotHead(_slots.NextGeneration(), write.Number, baseRound, write.Snapshot.Mark, life);
        var written = await _slots.Write(new SlotRecord(head, storeId, write.Snapshot.Receipts, states));
        _services.Metrics.SlotWritten(written.Outcome);
        _services.Log.TentativeStored(_grain, write.Number, written.Outcome);
        if (written.Outcome == SlotWriteOutcome.Stored && !baseRound.IsNone)
        {
            _services.Outbox.Send(new DecisionProven(baseRound, _grain.ToParticipantId()));
        }

        return written;
    }
}
