using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>Finds the permanent checkpoint of a grain that starts: reads both slots and asks the coordinator about a round that they leave open.</summary>
internal sealed class PermanentCheckpointLoader(ParticipantServices services, CheckpointSlots slots, GrainId grainId)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CoordinatorPatience = TimeSpan.FromSeconds(10);

    /// <summary>The permanent checkpoint, or null for the initial state.</summary>
    public async Task<SlotRecord?> Load(CancellationToken cancellationToken)
    {
        var (a, b) = await slots.Read();
        while (true)
        {
            switch (PermanentSlot.Choose(a?.Head, b?.Head))
            {
                case SlotChosen chosen:
                    return RecordOf(chosen.Permanent);

                // CP-15: the round may have been proven, and so forgotten, since the slots were read.
                case SlotInDoubt doubt when await IsCommitted(RecordOf(doubt.IfCommitted)!, cancellationToken):
                    return RecordOf(doubt.IfCommitted);
                case SlotInDoubt doubt when await IsUnchanged():
                    return RecordOf(doubt.IfAborted);

                // Another life may have written both slots between the two reads, and then what was read does not belong together.
                case SlotDamaged damaged when await IsUnchanged():
                    throw new CheckpointRecordUnreadableException(
                        $"The checkpoint of round {damaged.Newest.BaseRound} of grain {grainId}, on which {NameOf(damaged.Newest)} was based, is missing from storage '{services.StorageName}'. "
                        + "Nothing was overwritten and the grain does not start. Restore the grain's records from a backup, or clear both to start it anew.")
                    {
                        GrainId = grainId,
                        Round = damaged.Newest.BaseRound.ToString(),
                    };
            }
        }

        async Task<bool> IsUnchanged()
        {
            var before = (a?.Head, b?.Head);
            (a, b) = await slots.Read();
            return (a?.Head, b?.Head) == before;
        }

        static string NameOf(SlotHead head) => head.IsFence ? "its newest slot" : $"that of round {head.Round}";

        SlotRecord? RecordOf(SlotHead? head) => head is null ? null : head == a?.Head ? a : b;
    }

    private async Task<bool> IsCommitted(SlotRecord slot, CancellationToken cancellationToken)
    {
        var round = slot.Head.Round;
        var (began, pause) = (services.Time.GetTimestamp(), FirstPause);
        while (true)
        {
            switch (await Ask())
            {
                case StoredDecision.Committed:
                    return true;
                case StoredDecision.Aborted:
                    return false;
                case StoredDecision.Forgotten:
                    throw new CheckpointDecisionUnknownException(
                        $"Grain {grainId} has a stored checkpoint of round {round}, but the record of decisions in storage '{services.StorageName}' cannot tell whether that round was committed: "
                        + "it is missing, older, or belongs to another store. Nothing was overwritten and the grain does not start. Check the storage settings, or restore the record.")
                    {
                        GrainId = grainId,
                        Round = round.ToString(),
                    };
                case StoredDecision.Undecided:
                    await Task.Delay(FirstPause, services.Time, cancellationToken);
                    break;
                default:
                    await Task.Delay(pause, services.Time, cancellationToken);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    break;
            }
        }

        // While coordinators follow each other, or their silos go, nobody answers for a moment. That must not end the start of the grain.
        async Task<StoredDecision?> Ask()
        {
            try
            {
                return await services.DecisionOf(slot);
            }
            catch (Exception exception) when (exception is not CheckpointingException && services.Time.GetElapsedTime(began) < CoordinatorPatience)
            {
                if (pause == FirstPause)
                {
                    services.Log.DecisionNotAnswered(grainId, round.ToString(), exception);
                }

                return null;
            }
        }
    }
}
