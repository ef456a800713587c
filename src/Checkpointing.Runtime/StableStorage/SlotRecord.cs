using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>One checkpoint of one grain as it is stored (SPEC K11).</summary>
/// <param name="Head">Generation, round, round of the checkpoint it was based on, and mark.</param>
/// <param name="StoreId">Which coordinator's record decides about the round.</param>
/// <param name="Writer">The life that wrote it.</param>
/// <param name="Receipts">What was received in its interval: lets a store be verified offline.</param>
/// <param name="States">Serialized states by name.</param>
internal sealed record SlotRecord(
    SlotHead Head, Guid StoreId, Incarnation Writer, ImmutableArray<Receipt> Receipts, ImmutableArray<(string Name, byte[] Bytes)> States)
{
    public StoredRecord Seal() => StoredRecord.Seal(writer =>
    {
        writer.Write(Head);
        writer.Write(StoreId.ToByteArray());
        writer.Write(Writer);
        writer.Write(Receipts);
        writer.WriteAll(States, static (w, state) =>
        {
            w.Write(state.Name);
            w.WriteBytes(state.Bytes);
        });
    });

    public static SlotRecord Open(StoredRecord stored) => stored.Open(static reader => new SlotRecord(
        reader.ReadSlotHead(),
        reader.ReadGuid(),
        reader.ReadIncarnation(),
        reader.ReadReceipts(),
        reader.ReadAll(static r => (r.ReadString(), r.ReadByteArray()))));
}
