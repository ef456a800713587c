using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Orleans.Storage;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>The coordinator's one record, behind its ETag.</summary>
internal sealed class DecisionRecordStorage(IGrainStorage storage, string storageName, GrainId coordinator)
{
    private const string StateName = "decisions";

    private GrainState<StoredRecord> _state = new();

    /// <summary>The record, or null if there is none yet. Throws if it is there but cannot be trusted.</summary>
    public async Task<DecisionRecord?> Read()
    {
        var state = new GrainState<StoredRecord>();
        await storage.ReadStateAsync(StateName, coordinator, state);
        _state = state;
        if (!state.RecordExists || state.State is null)
        {
            return null;
        }

        try
        {
            return Open(state.State);
        }
        catch (InvalidDataException exception)
        {
            throw new CheckpointRecordUnreadableException(
                $"The record of decisions in storage '{storageName}' cannot be read: {exception.Message}. Nothing was overwritten; all permanent checkpoints are "
                + "as they were, but no round can be decided. Restore the record from a backup.",
                exception)
            {
                GrainId = coordinator,
            };
        }
    }

    /// <summary>Never throws.</summary>
    public async Task<(RecordWriteOutcome Outcome, string Detail)> Write(DecisionRecord record)
    {
        var state = new GrainState<StoredRecord>
        {
            ETag = _state.ETag,
            RecordExists = _state.RecordExists,
            State = Seal(record),
        };
        try
        {
            await storage.WriteStateAsync(StateName, coordinator, state);
            _state = state;
            return (RecordWriteOutcome.Stored, "");
        }
        catch (InconsistentStateException exception)
        {
            return (RecordWriteOutcome.Stale, exception.Message);
        }
        catch (Exception exception)
        {
            return (RecordWriteOutcome.Unknown, $"storage '{storageName}' failed: {exception.Message}");
        }
    }

    internal static StoredRecord Seal(DecisionRecord record) => StoredRecord.Seal(writer =>
    {
        writer.Write(record.StoreId.ToByteArray());
        writer.Write7BitEncodedInt64(record.Epoch);
        writer.Write(record.Stamp.Writer.ToByteArray());
        writer.Write7BitEncodedInt64(record.Stamp.Revision);
        writer.WriteAll(record.CommittedRuns, static (w, run) =>
        {
            w.Write7BitEncodedInt64(run.Epoch);
            w.Write7BitEncodedInt64(run.First);
            w.Write7BitEncodedInt64(run.Last);
        });
        writer.WriteAll(record.Unproven, (w, named) =>
        {
            w.Write7BitEncodedInt(record.CommittedRuns.IndexOf(named.Run));
            w.WriteAll(named.Members, static (w, member) =>
            {
                w.Write(member.Participant);
                w.Write7BitEncodedInt64(member.Number);
            });
        });
    });

    /// <summary>Throws <see cref="InvalidDataException"/> if the record cannot be trusted.</summary>
    internal static DecisionRecord Open(StoredRecord stored) => stored.Open(static reader =>
    {
        var record = new DecisionRecord(
            reader.ReadGuid(),
            reader.Read7BitEncodedInt64(),
            new WriteStamp(reader.ReadGuid(), reader.Read7BitEncodedInt64()),
            reader.ReadAll(static r => new CommittedRun(r.Read7BitEncodedInt64(), r.Read7BitEncodedInt64(), r.Read7BitEncodedInt64())));
        return record with { Unproven = reader.ReadAll(r => ReadUnproven(r, record.CommittedRuns)) };
    });

    private static UnprovenRun ReadUnproven(BinaryReader reader, ImmutableArray<CommittedRun> runs)
    {
        var index = reader.Read7BitEncodedInt();
        return index >= 0 && index < runs.Length
            ? new UnprovenRun(runs[index], reader.ReadAll(static r => new UnprovenMember(r.ReadParticipant(), r.Read7BitEncodedInt64())))
            : throw new InvalidDataException($"it names members of run {index}, and has {runs.Length} runs");
    }
}
