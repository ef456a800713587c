using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// What a participant that is in no round takes along when its grain moves to another silo: state, ledger and slots. The new activation goes on with
/// the same life, so nobody's receipts from it lose their ground.
/// </summary>
/// <param name="Ledger">Labels, receipts and marks; without a tentative checkpoint.</param>
/// <param name="LastFinished">Messages about rounds up to this one are late.</param>
/// <param name="StoreId">Which coordinator's record decides.</param>
/// <param name="StateMayHaveChanged">Since the permanent checkpoint.</param>
/// <param name="PermanentHash">Of the states in the permanent checkpoint.</param>
/// <param name="States">The states as they are now.</param>
internal sealed record MigratedParticipant(
    Ledger Ledger,
    RoundNumber LastFinished,
    Guid StoreId,
    bool StateMayHaveChanged,
    UInt128 PermanentHash,
    ImmutableArray<(string Name, byte[] Bytes)> States)
{
    private const string Key = "checkpointing.participant";

    public void Pack(IDehydrationContext context, CheckpointSlots slots) => context.TryAddValue(Key, StoredRecord.Seal(writer =>
    {
        writer.Write(Ledger.Life.Incarnation);
        writer.Write7BitEncodedInt64(Ledger.LastSequence);
        writer.Write(Ledger.PermanentMark);
        writer.WriteAll(Ledger.Received.ToImmutable(), static (w, receipt) =>
        {
            w.Write(receipt.Sender);
            w.Write7BitEncodedInt64(receipt.Sequence);
        });
        writer.WriteAll([.. Ledger.Sent.Freeze()], static (w, first) =>
        {
            w.Write(first.Key);
            w.Write7BitEncodedInt64(first.Value);
        });
        writer.Write7BitEncodedInt64(Ledger.CallsUnsaved);
        writer.Write(LastFinished);
        writer.Write(StoreId.ToByteArray());
        writer.Write(StateMayHaveChanged);
        writer.Write((ulong)(PermanentHash >> 64));
        writer.Write((ulong)PermanentHash);
        writer.WriteAll(States, static (w, state) =>
        {
            w.Write(state.Name);
            w.WriteBytes(state.Bytes);
        });
        slots.Pack(writer);
    }));

    /// <summary>Null if the grain did not migrate.</summary>
    public static MigratedParticipant? Unpack(IRehydrationContext context, ParticipantId participant, SiloId here, CheckpointSlots slots) =>
        context.TryGetValue<StoredRecord>(Key, out var packed) && packed is not null ? packed.Open(reader => Unpack(reader, participant, here, slots)) : null;

    private static MigratedParticipant Unpack(BinaryReader reader, ParticipantId participant, SiloId here, CheckpointSlots slots)
    {
        var ledger = Ledger.Resume(
            new Life(participant, reader.ReadIncarnation(), here),
            reader.Read7BitEncodedInt64(),
            reader.ReadMark(),
            reader.ReadAll(static r => new Receipt(r.ReadLife(), r.Read7BitEncodedInt64())),
            reader.ReadAll(static r => KeyValuePair.Create(r.ReadParticipant(), r.Read7BitEncodedInt64())),
            reader.Read7BitEncodedInt64());
        var migrated = new MigratedParticipant(
            ledger,
            reader.ReadRound(),
            reader.ReadGuid(),
            reader.ReadBoolean(),
            new UInt128(reader.ReadUInt64(), reader.ReadUInt64()),
            reader.ReadAll(static r => (r.ReadString(), r.ReadByteArray())));
        slots.Unpack(reader);
        return migrated;
    }
}
