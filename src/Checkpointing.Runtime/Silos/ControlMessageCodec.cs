using Checkpointing.Protocol;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Silos;

/// <summary>The bytes of a control message: one for its kind, its round, then its fields. Kinds are never reused.</summary>
internal static class ControlMessageCodec
{
    public static ControlMessage Encode(ParticipantId to, ToParticipant message) => new(to.ToGrainId(), Encode(message.Round, writer =>
    {
        switch (message)
        {
            case JoinRound join:
                writer.Write((byte)1);
                writer.Write(join.IsInitiator);
                writer.WriteAll(join.Claims, WriteClaim);
                break;
            case TakeSnapshot take:
                writer.Write((byte)2);
                writer.Write7BitEncodedInt(take.Attempt);
                break;
            case StoreSnapshot store:
                writer.Write((byte)3);
                writer.Write7BitEncodedInt(store.Attempt);
                writer.Write(store.Incarnation);
                writer.Write(store.Number);
                break;
            case MakePermanent:
                writer.Write((byte)4);
                break;
            case UndoTentative:
                writer.Write((byte)5);
                break;
            case DecisionAnswered answered:
                writer.Write((byte)6);
                writer.Write((byte)answered.Decision);
                break;
            case ProveDecision:
                writer.Write((byte)7);
                break;
            default:
                throw new ProtocolInvariantViolatedException($"A {message.GetType().Name} cannot be sent to a participant.");
        }
    }));

    public static ToParticipant DecodeToParticipant(ControlMessage message) => Decode<ToParticipant>(message, static (reader, round, _) => reader.ReadByte() switch
    {
        1 => new JoinRound(round, reader.ReadBoolean(), reader.ReadAll(ReadClaim)),
        2 => new TakeSnapshot(round, reader.Read7BitEncodedInt()),
        3 => new StoreSnapshot(round, reader.Read7BitEncodedInt(), reader.ReadIncarnation(), reader.ReadRound()),
        4 => new MakePermanent(round),
        5 => new UndoTentative(round),
        6 => new DecisionAnswered(round, (Decision)reader.ReadByte()),
        7 => new ProveDecision(round),
        var kind => throw new InvalidDataException($"a control message to a participant has the unknown kind {kind}"),
    });

    public static ControlMessage Encode(ToCoordinator message) => new(message.From.ToGrainId(), Encode(message.Round, writer =>
    {
        switch (message)
        {
            case Joined joined:
                writer.Write((byte)1);
                writer.Write(joined.Drained);
                writer.Write(joined.PermanentMark);
                writer.Write(joined.Receipts);
                writer.WriteAll(joined.FirstLabelsSent, static (w, first) =>
                {
                    w.Write(first.Receiver);
                    w.Write7BitEncodedInt64(first.Sequence);
                });
                break;
            case NotNeeded notNeeded:
                writer.Write((byte)2);
                writer.Write(notNeeded.PermanentMark);
                break;
            case OrphanFound found:
                writer.Write((byte)3);
                writer.WriteAll(found.Orphans, WriteClaim);
                break;
            case StillInDoubt doubt:
                writer.Write((byte)4);
                writer.Write(doubt.Undecided);
                break;
            case Refused refused:
                writer.Write((byte)5);
                writer.Write((byte)refused.Reason);
                writer.Write(refused.Detail);
                break;
            case SnapshotTaken taken:
                writer.Write((byte)6);
                writer.Write7BitEncodedInt(taken.Attempt);
                writer.Write(taken.Snapshot.Mark);
                writer.Write(taken.Snapshot.Receipts);
                writer.Write(taken.IsUnchanged);
                break;
            case Voted voted:
                writer.Write((byte)7);
                writer.Write(voted.Yes);
                writer.Write(voted.Detail);
                break;
            case NotInRound:
                writer.Write((byte)8);
                break;
            case DecisionLearned:
                writer.Write((byte)9);
                break;
            case DecisionProven:
                writer.Write((byte)10);
                break;
            case AskDecision:
                writer.Write((byte)11);
                break;
            case YoungerRoundSeen seen:
                writer.Write((byte)12);
                writer.Write(seen.Younger);
                break;
            case StillStoring:
                writer.Write((byte)13);
                break;
            default:
                throw new ProtocolInvariantViolatedException($"A {message.GetType().Name} cannot be sent to the coordinator.");
        }
    }));

    public static ToCoordinator DecodeToCoordinator(ControlMessage message) => Decode<ToCoordinator>(message, static (reader, round, from) => reader.ReadByte() switch
    {
        1 => new Joined(
            round,
            from,
            reader.ReadBoolean(),
            reader.ReadMark(),
            reader.ReadReceipts(),
            reader.ReadAll(static r => new FirstLabelSent(r.ReadParticipant(), r.Read7BitEncodedInt64()))),
        2 => new NotNeeded(round, from, reader.ReadMark()),
        3 => new OrphanFound(round, from, reader.ReadAll(ReadClaim)),
        4 => new StillInDoubt(round, from, reader.ReadRound()),
        5 => new Refused(round, from, (RefusalReason)reader.ReadByte(), reader.ReadString()),
        6 => new SnapshotTaken(
            round, from, reader.Read7BitEncodedInt(), new TentativeCheckpoint(reader.ReadMark(), reader.ReadReceipts()), reader.ReadBoolean()),
        7 => new Voted(round, from, reader.ReadBoolean(), reader.ReadString()),
        8 => new NotInRound(round, from),
        9 => new DecisionLearned(round, from),
        10 => new DecisionProven(round, from),
        11 => new AskDecision(round, from),
        12 => new YoungerRoundSeen(round, from, reader.ReadRound()),
        13 => new StillStoring(round, from),
        var kind => throw new InvalidDataException($"a control message to the coordinator has the unknown kind {kind}"),
    });

    private static byte[] Encode(RoundNumber round, Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream(64);
        using var writer = new BinaryWriter(stream);
        writer.Write(round);
        write(writer);
        writer.Flush();
        return stream.ToArray();
    }

    private static T Decode<T>(ControlMessage message, Func<BinaryReader, RoundNumber, ParticipantId, T> read)
    {
        using var reader = new BinaryReader(new MemoryStream(message.Content, writable: false));
        return read(reader, reader.ReadRound(), message.Participant.ToParticipantId());
    }

    private static void WriteClaim(BinaryWriter writer, LabelClaim claim)
    {
        writer.Write(claim.Receiver);
        writer.Write(claim.LastLabelReceived);
    }

    private static LabelClaim ReadClaim(BinaryReader reader) => new(reader.ReadParticipant(), reader.ReadLabel());
}
