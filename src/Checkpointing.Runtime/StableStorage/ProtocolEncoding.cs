using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>How ids, marks and receipts are written, in records and in control messages: little-endian, counts and numbers as 7-bit groups.</summary>
internal static class ProtocolEncoding
{
    private const int MaxCount = 16 * 1024 * 1024;

    public static void Write(this BinaryWriter writer, ParticipantId participant)
    {
        writer.WriteBytes(participant.Type);
        writer.WriteBytes(participant.Key);
    }

    public static ParticipantId ReadParticipant(this BinaryReader reader)
    {
        var type = reader.ReadByteArray();
        var key = reader.ReadByteArray();
        return GrainId.Create(new GrainType(type), new IdSpan(key)).ToParticipantId();
    }

    public static void Write(this BinaryWriter writer, RoundNumber round)
    {
        writer.Write7BitEncodedInt64(round.Epoch);
        writer.Write7BitEncodedInt64(round.Number);
    }

    public static RoundNumber ReadRound(this BinaryReader reader) => new(reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());

    public static void Write(this BinaryWriter writer, Incarnation incarnation)
    {
        writer.Write7BitEncodedInt64(incarnation.Generation);
        writer.Write(incarnation.Id.ToByteArray());
    }

    public static Incarnation ReadIncarnation(this BinaryReader reader) => new(reader.Read7BitEncodedInt64(), reader.ReadGuid());

    public static void Write(this BinaryWriter writer, Life life)
    {
        writer.Write(life.Participant);
        writer.Write(life.Incarnation);
        writer.Write(life.Silo.Number);
    }

    public static Life ReadLife(this BinaryReader reader) => new(reader.ReadParticipant(), reader.ReadIncarnation(), new SiloId(reader.ReadUInt64()));

    public static void Write(this BinaryWriter writer, MessageLabel label)
    {
        writer.Write(label.Incarnation);
        writer.Write7BitEncodedInt64(label.Sequence);
    }

    public static MessageLabel ReadLabel(this BinaryReader reader) => new(reader.ReadIncarnation(), reader.Read7BitEncodedInt64());

    public static void Write(this BinaryWriter writer, CheckpointMark mark)
    {
        writer.Write(mark.Label);
        writer.WriteAll(mark.Ends.Ends, static (w, end) => w.Write(end));
    }

    public static CheckpointMark ReadMark(this BinaryReader reader) =>
        new(reader.ReadLabel(), new IncarnationTable(reader.ReadAll(static r => r.ReadLabel())));

    /// <summary>All but the life that wrote the slot: format 1 has the store's id between.</summary>
    public static void Write(this BinaryWriter writer, SlotHead head)
    {
        writer.Write7BitEncodedInt64(head.Generation);
        writer.Write(head.Round);
        writer.Write(head.BaseRound);
        writer.Write(head.Mark);
    }

    public static SlotHead ReadSlotHead(this BinaryReader reader) =>
        new(reader.Read7BitEncodedInt64(), reader.ReadRound(), reader.ReadRound(), reader.ReadMark());

    public static void Write(this BinaryWriter writer, ImmutableArray<Receipt> receipts) =>
        writer.WriteAll(receipts, static (w, receipt) =>
        {
            w.Write(receipt.Sender.Participant);
            w.Write(receipt.Label);
        });

    public static ImmutableArray<Receipt> ReadReceipts(this BinaryReader reader) =>
        reader.ReadAll(static r =>
        {
            var participant = r.ReadParticipant();
            var label = r.ReadLabel();
            return new Receipt(new Life(participant, label.Incarnation), label.Sequence);
        });

    public static void WriteAll<T>(this BinaryWriter writer, ImmutableArray<T> items, Action<BinaryWriter, T> write)
    {
        writer.Write7BitEncodedInt(items.Length);
        foreach (var item in items)
        {
            write(writer, item);
        }
    }

    public static ImmutableArray<T> ReadAll<T>(this BinaryReader reader, Func<BinaryReader, T> read)
    {
        var count = reader.ReadCount();
        var items = ImmutableArray.CreateBuilder<T>(Math.Min(count, 1024));
        for (var i = 0; i < count; i++)
        {
            items.Add(read(reader));
        }

        return items.ToImmutable();
    }

    public static void WriteBytes(this BinaryWriter writer, byte[] bytes)
    {
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes);
    }

    public static byte[] ReadByteArray(this BinaryReader reader)
    {
        var length = reader.Read7BitEncodedInt();
        if (length < 0 || length > reader.BaseStream.Length - reader.BaseStream.Position)
        {
            throw new InvalidDataException($"a length of {length} bytes is beyond the end of the data");
        }

        return reader.ReadBytes(length);
    }

    public static Guid ReadGuid(this BinaryReader reader) => new(reader.ReadBytes(16));

    private static int ReadCount(this BinaryReader reader)
    {
        var count = reader.Read7BitEncodedInt();
        return count is >= 0 and <= MaxCount ? count : throw new InvalidDataException($"a count of {count} cannot be");
    }
}
