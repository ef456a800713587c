using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>The head of one of a participant's two slots in stable storage.</summary>
/// <param name="Generation">Ascends with every write of this participant, over all its lives. What is to be written gets it when its turn has come.</param>
/// <param name="Round">The round whose decision makes this slot the permanent checkpoint.</param>
/// <param name="BaseRound">The round of the permanent checkpoint at the time of the write, known to be committed; none for the initial one.</param>
/// <param name="Mark">Where the checkpoint stands in the participant's labels.</param>
/// <param name="Writer">The life that wrote the slot. A later life is of a higher generation, if this one has written; of two with the same, the one that writes first goes on.</param>
internal sealed record SlotHead(long Generation, RoundNumber Round, RoundNumber BaseRound, CheckpointMark Mark, Incarnation Writer = default)
{
    /// <summary>The generation of what has not been written yet.</summary>
    public const long NotWritten = 0;

    /// <summary>
    /// Not a checkpoint: written into the free slot only to keep all earlier lives from storing anything there (SPEC K28). It also proves that
    /// its base round is committed.
    /// </summary>
    public bool IsFence => Round.IsNone;

    public static SlotHead Fence(long generation, RoundNumber baseRound, CheckpointMark mark, Incarnation writer) =>
        new(generation, RoundNumber.None, baseRound, mark, writer);
}

/// <summary>Which slot is the permanent checkpoint? A slot is only ever written when the other one is known to be permanent, so only the newest can be in doubt.</summary>
internal static class PermanentSlot
{
    public static SlotChoice Choose(SlotHead? a, SlotHead? b)
    {
        var newest = (a?.Generation ?? -1) >= (b?.Generation ?? -1) ? a : b;
        if (newest is null)
        {
            return new SlotChosen(null);
        }

        var older = ReferenceEquals(newest, a) ? b : a;
        if (!newest.BaseRound.IsNone && older?.Round != newest.BaseRound)
        {
            // The older slot is what the newest was based on; if it is gone, the newest may be all there is.
            return new SlotDamaged(newest);
        }

        var permanent = newest.BaseRound.IsNone ? null : older;
        return newest.IsFence ? new SlotChosen(permanent) : new SlotInDoubt(newest.Round, newest, permanent);
    }
}

internal abstract record SlotChoice;

/// <summary>This slot, or the initial state if null.</summary>
internal sealed record SlotChosen(SlotHead? Permanent) : SlotChoice;

/// <summary>Ask the coordinator about the round: committed means the one, aborted the other (null: the initial state).</summary>
internal sealed record SlotInDoubt(RoundNumber Round, SlotHead IfCommitted, SlotHead? IfAborted) : SlotChoice;

/// <summary>The slot that this one was based on is missing: nothing may be guessed and nothing overwritten.</summary>
internal sealed record SlotDamaged(SlotHead Newest) : SlotChoice;
