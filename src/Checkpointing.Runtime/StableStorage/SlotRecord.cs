using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>One checkpoint of one grain, or a fence, as it is stored (SPEC K11).</summary>
/// <param name="Head">Generation, round, round of the checkpoint it was based on, mark, and the life that wrote it.</param>
/// <param name="StoreId">Which coordinator's record decides about the round.</param>
/// <param name="Receipts">What was received in its interval: lets a store be verified offline.</param>
/// <param name="States">Serialized states by name.</param>
internal sealed record SlotRecord(
    SlotHead Head, Guid StoreId, ImmutableArray<Receipt> Receipts, ImmutableArray<(string Name, byte[] Bytes)> States)
{
    public Incarnation Writer => Head.Writer;

    public static SlotRecord Fence(RoundNumber permanent, CheckpointMark permanentMark, Incarnation writer, Guid storeId) =>
        new(SlotHead.Fence(SlotHead.NotWritten, permanent, permanentMark, writer), storeId, [], []);

    public SlotRecord WithGeneration(long generation) => this with { Head = Head with { Generation = generation } };

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

    public static SlotRecord Open(StoredRecord stored) => stored.Open(static reader =>
    {
        var head = reader.ReadSlotHead();
        var storeId = reader.ReadGuid();
        return new SlotRecord(
            head with { Writer = reader.ReadIncarnation() },
            storeId,
            reader.ReadReceipts(),
            reader.ReadAll(static r => (r.ReadString(), r.ReadByteArray())));
    });
}
