using Checkpointing.Protocol.CheckpointAlgorithm;
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
/// it leaves is overwritten only if its round is aborted.
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

    /// <summary>The permanent checkpoint as it was loaded or last adopted; null while it is the initial state.</summary>
    public SlotHead? Permanent => _permanent?.Head;

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

    /// <summary>Writes a checkpoint into the free slot. Never throws: the outcome says what holds.</summary>
    public async Task<(SlotWriteOutcome Outcome, string Detail)> Write(SlotRecord record)
    {
        var previous = _lastWrite;
        var write = WriteAfter(previous, record);
        _lastWrite = write;
        return await write;
    }

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
            slot.Head = reader.ReadBoolean() ? reader.ReadSlotHead() : null;
        }
    }

    private async Task<(SlotWriteOutcome Outcome, string Detail)> WriteAfter(Task previous, SlotRecord record)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        var slot = _permanent == _slots[0] ? _slots[1] : _slots[0];
        try
        {
            if (slot.MustBeReadAgain && await WhyNotFree(slot, record) is { } obstacle)
            {
                return obstacle;
            }

            slot.State.State = record.Seal();
            slot.MustBeReadAgain = true;
            await storage.WriteStateAsync(slot.Name, grainId, slot.State);
            slot.MustBeReadAgain = false;
            slot.Head = record.Head;
            _tentative = slot;
            return (SlotWriteOutcome.Stored, "");
        }
        catch (InconsistentStateException)
        {
            return await ExplainStaleETag(slot, record);
        }
        catch (Exception exception)
        {
            return (SlotWriteOutcome.NotStored, $"storage '{storageName}' failed: {exception.Message}");
        }
    }

    /// <summary>A stale ETag may be our own earlier write that was given up and has landed after all.</summary>
    private async Task<(SlotWriteOutcome Outcome, string Detail)> ExplainStaleETag(Slot slot, SlotRecord record)
    {
        try
        {
            return await WhyNotFree(slot, record) ?? (SlotWriteOutcome.NotStored, $"an earlier write has landed late in storage '{storageName}'");
        }
        catch (Exception second)
        {
            return (SlotWriteOutcome.NotStored, $"storage '{storageName}' failed: {second.Message}");
        }
    }

    /// <summary>Reads the slot again. It is not free if it holds what neither this life wrote nor it found there, unless that will never count.</summary>
    private async Task<(SlotWriteOutcome Outcome, string Detail)?> WhyNotFree(Slot slot, SlotRecord record)
    {
        var known = slot.Head;
        await Read(slot);
        var found = slot.Record;
        slot.Record = null;
        if (found is null || found.Writer == record.Writer || found.Head == known)
        {
            return null;
        }

        if (found.Writer.Generation > record.Writer.Generation)
        {
            return Overtaken;
        }

        // A life that began before this one, or beside it. What is committed of it makes this life's base obsolete.
        slot.Head = known;
        slot.MustBeReadAgain = true;
        switch (await decisionOf(found))
        {
            case StoredDecision.Aborted:
                slot.Head = found.Head;
                slot.MustBeReadAgain = false;
                return null;
            case StoredDecision.Committed:
                return Overtaken;
            default:
                return (SlotWriteOutcome.NotStored, $"its slot holds a checkpoint of round {found.Head.Round} by an earlier activation, and that round is not decided yet");
        }
    }

    private async Task Read(Slot slot)
    {
        slot.State = new GrainState<StoredRecord>();
        await storage.ReadStateAsync(slot.Name, grainId, slot.State);
        slot.MustBeReadAgain = false;
        slot.Record = null;
        if (!slot.State.RecordExists || slot.State.State is null)
        {
            return;
        }

        try
        {
            slot.Record = SlotRecord.Open(slot.State.State);
            slot.Head = slot.Record.Head;
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
