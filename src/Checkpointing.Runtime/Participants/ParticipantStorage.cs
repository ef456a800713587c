using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>What the algorithm asks of the slots of one activation: the outcomes come back to its turns. One that finds out that another life has written stops.</summary>
internal sealed class ParticipantStorage(ParticipantHost host, CheckpointSlots slots, ParticipantServices services)
{
    private CheckpointParticipant Algorithm => host.Participant!;

    private Life Life => host.Activation.Ledger.Life;

    public async Task Store(WriteSnapshot write, ImmutableArray<(string Name, byte[] Bytes)> states)
    {
        var baseRound = slots.PermanentRound;
        var head = new SlotHead(SlotHead.NotWritten, write.Number, baseRound, write.Snapshot.Mark, Life.Incarnation);
        var (outcome, detail) = await slots.Write(new SlotRecord(head, host.StoreId, write.Snapshot.Receipts, states));
        services.Metrics.SlotWritten(outcome);
        services.Log.TentativeStored(host.GrainId, write.Number, outcome);
        if (outcome == SlotWriteOutcome.Stored && !baseRound.IsNone)
        {
            services.Outbox.Send(new DecisionProven(baseRound, Life.Participant));
        }

        host.Perform(Algorithm.OnSnapshotStored(write.Number, outcome == SlotWriteOutcome.Stored, detail));
        StopIf(outcome == SlotWriteOutcome.Superseded, detail);
    }

    public async Task Mark(WriteMarker marker)
    {
        var (outcome, detail) = await slots.WriteFence(host.StoreId, Life.Incarnation);
        services.Metrics.MarkerWritten(outcome);
        host.Perform(Algorithm.OnMarkerWritten(marker.Permanent, outcome == FenceOutcome.Stored));
        StopIf(outcome == FenceOutcome.Superseded, detail);
    }

    /// <summary>CP-15. If the slots cannot be read the decision is asked for again.</summary>
    public async Task Verify(RoundNumber aborted)
    {
        var isAborted = true;
        try
        {
            StopIf(
                await slots.HasAnotherLifeWritten(Life.Incarnation),
                $"another activation of the grain has written since round {aborted}, so this one stops and saves nothing");
        }
        catch (Exception exception)
        {
            services.Log.AbortNotVerified(host.GrainId.ToString(), aborted.ToString(), exception);
            isAborted = false;
        }

        if (!host.IsStopped)
        {
            host.Perform(Algorithm.OnAbortVerified(aborted, isAborted));
        }
    }

    private void StopIf(bool isSuperseded, string detail)
    {
        if (isSuperseded && !host.IsStopped)
        {
            services.Log.Superseded(host.GrainId.ToString(), detail);
            services.Rollbacks.OnLifeStopped(Life);
            host.Replace(detail);
        }
    }
}
