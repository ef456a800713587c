using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Orleans.Storage;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>How a write of a slot ended.</summary>
internal enum SlotWriteOutcome
{
    Stored,

    /// <summary>Not stored, or nobody knows. The slot is read again before it is next written.</summary>
    NotStored,

    /// <summary>Another activation of the grain has written: this one must stop and save nothing more.</summary>
    Superseded,
}

/// <summary>
/// The two slots of one grain. One holds the permanent checkpoint, the other is free or holds the one that is not decided yet. Writes of one
/// grain follow each other. One that was given up, by this life or an earlier one, may still land: the ETag keeps it from what was written since, and what
/// it leaves is overwritten only if its round is aborted, and never by a life of the same generation.
/// </summary>
internal sealed class CheckpointSlots(IGrainStorage storage, string storageName, GrainId grainId, Func<SlotRecord, Task<StoredDecision>> decisionOf)
{
    private static readonly (SlotWriteOutcome Outcome, string Detail) Overtaken =
        (SlotWriteOutcome.Superseded, "another activation of the grain has written meanwhile, so this one stops and saves nothing");

    private readonly Slot[] _slots = [new("checkpoint-a"), new("checkpoint-b")];
    private Slot? _permanent;
    private Slot? _tentative;
    private Task _lastWrite = Task.CompletedTask;
    private long _generation;
    private bool _isOvertaken;

    /// <summary>The permanent checkpoint as it was loaded or last adopted; null while it is the initial state.</summary>
    public SlotHead? Permanent => _permanent?.Head;

    /// <summary>The round of the permanent checkpoint; none for the initial state.</summary>
    public RoundNumber PermanentRound => Permanent?.Round ?? RoundNumber.None;

    private Slot FreeSlot => Other(_permanent);

    /// <summary>The next generation: ascends with every write, also with those whose outcome is unknown.</summary>
    public long NextGeneration() => _generation = Math.Max(_generation, _slots.Max(slot => slot.Head?.Generation ?? 0)) + 1;

    public RoundNumber LastRound => _slots.Max(slot => slot.Head?.Round ?? RoundNumber.None);

    /// <summary>Reads both slots. Throws if one of them cannot be read or trusted; nothing is ever overwritten on a guess.</summary>
    public async Task<(SlotRecord? A, SlotRecord? B)> Read()
    {
        await Task.WhenAll(Read(_slots[0]), Read(_slots[1]));
        return (_slots[0].Record, _slots[1].Record);
    }

    public void Choose(SlotHead? permanent)
    {
        _permanent = permanent is null ? null : _slots.Single(slot => slot.Head == permanent);
        foreach (var slot in _slots)
        {
            slot.Record = null;
        }
    }

    /// <summary>Writes a checkpoint into the free slot, under the next generation. Never throws: the outcome says what holds.</summary>
    public Task<(SlotWriteOutcome Outcome, string Detail)> Write(SlotRecord record) => WriteInTurn(() => record);

    /// <summary>
    /// Writes a fence into the free slot: no earlier life can store anything there any more (SPEC K28), and the round of the permanent checkpoint is
    /// proven to be committed. Nothing is written if a record of this life does both already; so a checkpoint that may still be undecided stays. Never
    /// throws: the outcome says what holds.
    /// </summary>
    public async Task<(FenceOutcome Outcome, string Detail)> WriteFence(Guid storeId, Incarnation life)
    {
        var (outcome, detail) = await WriteInTurn(() => NeededFence(storeId, life));
        return (outcome switch
        {
            SlotWriteOutcome.Stored => FenceOutcome.Stored,
            SlotWriteOutcome.Superseded => FenceOutcome.Superseded,
            _ => FenceOutcome.Failed,
        }, detail);
    }

    /// <summary>CP-15: whether another life of the grain has written to one of the slots since they were read. Throws if that cannot be told.</summary>
    public async Task<bool> HasAnotherLifeWritten(Incarnation life)
    {
        var found = await Task.WhenAll(_slots.Select(Peek));
        return _slots.Zip(found).Any(slot => slot.Second is { } head && head.Writer != life && head != slot.First.Head);
    }

    /// <summary>All writes that were begun have ended. The next life must not meet one that still lands.</summary>
    public Task WhenWritten() => _lastWrite;

    /// <summary>The slot written last is the permanent checkpoint now.</summary>
    public void Adopt()
    {
        _permanent = _tentative;
        _tentative = null;
    }

    public void Drop() => _tentative = null;

    /// <summary>Heads and ETags for an activation that goes on where this one stops. No write may be on its way.</summary>
    public void Pack(BinaryWriter writer)
    {
        writer.Write7BitEncodedInt64(_generation);
        writer.Write7BitEncodedInt(_permanent is null ? -1 : Array.IndexOf(_slots, _permanent));
        foreach (var slot in _slots)
        {
            writer.Write(slot.State.RecordExists);
            writer.Write(slot.State.ETag ?? "");
            writer.Write(slot.MustBeReadAgain);
            writer.Write(slot.Head is not null);
            if (slot.Head is { } head)
            {
                writer.Write(head);
                writer.Write(head.Writer);
            }
        }
    }

    public void Unpack(BinaryReader reader)
    {
        _generation = reader.Read7BitEncodedInt64();
        var permanent = reader.Read7BitEncodedInt();
        _permanent = permanent < 0 ? null : _slots[permanent];
        foreach (var slot in _slots)
        {
            slot.State = new GrainState<StoredRecord> { RecordExists = reader.ReadBoolean(), ETag = reader.ReadString() is { Length: > 0 } etag ? etag : null };
            slot.MustBeReadAgain = reader.ReadBoolean();
            slot.Head = reader.ReadBoolean() ? reader.ReadSlotHead() with { Writer = reader.ReadIncarnation() } : null;
        }
    }

    private async Task<(SlotWriteOutcome Outcome, string Detail)> WriteInTurn(Func<SlotRecord?> next)
    {
        var write = WriteAfter(_lastWrite, next);
        _lastWrite = write;
        return await write;
    }

    private async Task<(SlotWriteOutcome Outcome, string Detail)> WriteAfter(Task previous, Func<SlotRecord?> next)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (_isOvertaken)
        {
            return Overtaken;
        }

        if (next() is not { } record)
        {
            return (SlotWriteOutcome.Stored, "");
        }

        var slot = FreeSlot;
        try
        {
            if (slot.MustBeReadAgain && await WhyNotFree(slot, record.Writer) is { } obstacle)
            {
                return obstacle;
            }

            // Only now is it known what lies in the slots.
            record = record.WithGeneration(NextGeneration());
            slot.State.State = record.Seal();
            slot.MustBeReadAgain = true;
            await storage.WriteStateAsync(slot.Name, grainId, slot.State);
            slot.MustBeReadAgain = false;
            slot.Head = record.Head;
            _tentative = record.Head.IsFence ? null : slot;
            return (SlotWriteOutcome.Stored, "");
        }
        catch (InconsistentStateException)
        {
            return await ExplainStaleETag(slot, record.Writer);
        }
        catch (Exception exception)
        {
            return (SlotWriteOutcome.NotStored, $"storage '{storageName}' failed: {exception.Message}");
        }
    }

    /// <summary>Only when its turn has come is it known what the writes before it have left in the slots.</summary>
    private SlotRecord? NeededFence(Guid storeId, Incarnation life)
    {
        var slot = FreeSlot;
        var isThere = !slot.MustBeReadAgain && slot.Head is { } head && head.Writer == life && head.BaseRound == PermanentRound;
        return isThere ? null : SlotRecord.Fence(PermanentRound, Permanent?.Mark ?? CheckpointMark.Initial, life, storeId);
    }

    /// <summary>A stale ETag may be our own earlier write that was given up and has landed after all.</summary>
    private async Task<(SlotWriteOutcome Outcome, string Detail)> ExplainStaleETag(Slot slot, Incarnation life)
    {
        try
        {
            return await WhyNotFree(slot, life) ?? (SlotWriteOutcome.NotStored, $"an earlier write has landed late in storage '{storageName}'");
        }
        catch (Exception second)
        {
            return (SlotWriteOutcome.NotStored, $"storage '{storageName}' failed: {second.Message}");
        }
    }

    /// <summary>Reads the slot again. It is not free if it holds what neither this life wrote nor it found there, unless that will never count.</summary>
    private async Task<(SlotWriteOutcome Outcome, string Detail)?> WhyNotFree(Slot slot, Incarnation life)
    {
        var known = slot.Head;
        await Read(slot);
        var found = slot.Record;
        slot.Record = null;
        if (found is null || found.Writer == life || found.Head == known)
        {
            return null;
        }

        // Of two lives that began beside each other, with the same generation, the one that writes first goes on. Whatever it wrote, and whatever becomes of that, is its fence.
        if (found.Writer.Generation >= life.Generation || found.Head.BaseRound != PermanentRound)
        {
            _isOvertaken = true;
            return Overtaken;
        }

        if (found.Head.IsFence)
        {
            // No checkpoint, and it keeps only lives off that are older still.
            return null;
        }

        // A life that began before this one. What is committed of it makes this life's base obsolete.
        slot.Head = known;
        slot.MustBeReadAgain = true;
        switch (await decisionOf(found))
        {
            case StoredDecision.Aborted when Other(slot) is var other && await Peek(other) != other.Head:
                // CP-15: that round was proven, and so forgotten.
                _isOvertaken = true;
                return Overtaken;
            case StoredDecision.Aborted:
                slot.Head = found.Head;
                slot.MustBeReadAgain = false;
                return null;
            case StoredDecision.Committed:
                _isOvertaken = true;
                return Overtaken;
            default:
                return (SlotWriteOutcome.NotStored, $"its slot holds a checkpoint of round {found.Head.Round} by an earlier activation, and that round is not decided yet");
        }
    }

    private Slot Other(Slot? slot) => slot == _slots[0] ? _slots[1] : _slots[0];

    /// <summary>What the slot holds now; what is known of it stays as it is.</summary>
    private async Task<SlotHead?> Peek(Slot slot)
    {
        var state = new GrainState<StoredRecord>();
        await storage.ReadStateAsync(slot.Name, grainId, state);
        return state.RecordExists && state.State is not null ? SlotRecord.Open(state.State).Head : null;
    }

    private async Task Read(Slot slot)
    {
        slot.State = new GrainState<StoredRecord>();
        await storage.ReadStateAsync(slot.Name, grainId, slot.State);
        slot.Record = null;
        if (!slot.State.RecordExists || slot.State.State is null)
        {
            slot.MustBeReadAgain = false;
            return;
        }

        // Until it is known what it holds: what cannot be read must not be overwritten by the next attempt.
        slot.MustBeReadAgain = true;

        try
        {
            slot.Record = SlotRecord.Open(slot.State.State);
            slot.Head = slot.Record.Head;
            slot.MustBeReadAgain = false;
        }
        catch (InvalidDataException exception)
        {
            throw new CheckpointRecordUnreadableException(
                $"The stored checkpoint '{slot.Name}' of grain {grainId} in storage '{storageName}' cannot be read: {exception.Message}. "
                + "Nothing was overwritten and the grain does not start. Restore the record from a backup, or clear both of the grain's records to start it anew.",
                exception)
            {
                GrainId = grainId,
            };
        }
    }

    private sealed class Slot(string name)
    {
        public string Name { get; } = name;

        public GrainState<StoredRecord> State { get; set; } = new();

        public SlotHead? Head { get; set; }

        /// <summary>Content, only between reading and choosing.</summary>
        public SlotRecord? Record { get; set; }

        /// <summary>The outcome of the last write is unknown, and so is the ETag.</summary>
        public bool MustBeReadAgain { get; set; }
    }
}
