using Checkpointing.Protocol;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Silos;

/// <summary>The bytes of a control message of a rollback: one for its kind, then its fields. Kinds are never reused.</summary>
internal static class RollbackMessageCodec
{
    public static ControlMessage Encode(ToRollbackParticipant message) => Encode(message.Life.Participant.ToGrainId(), writer =>
    {
        switch (message)
        {
            case AskLife ask:
                writer.Write((byte)1);
                writer.Write(ask.Life);
                writer.Write7BitEncodedInt64(ask.LastLabelReceived);
                break;
            case PrepareToRollBack prepare:
                writer.Write((byte)2);
                writer.Write(prepare.Life);
                break;
            case RollBack rollBack:
                writer.Write((byte)3);
                writer.Write(rollBack.Life);
                break;
            case AskToRollBack ask:
                writer.Write((byte)4);
                WriteRequest(writer, ask.Request, ask.Life);
                writer.Write(ask.IsDryRun);
                break;
            case HoldForRollBack hold:
                writer.Write((byte)5);
                WriteRequest(writer, hold.Request, hold.Life);
                break;
            case DoNotRollBack doNot:
                writer.Write((byte)6);
                WriteRequest(writer, doNot.Request, doNot.Life);
                break;
            case RollBackAsAsked rollBack:
                writer.Write((byte)7);
                WriteRequest(writer, rollBack.Request, rollBack.Life);
                writer.Write(rollBack.Vote.ToByteArray());
                break;
            default:
                throw new ProtocolInvariantViolatedException($"A {message.GetType().Name} cannot be sent to a participant.");
        }
    });

    public static ToRollbackParticipant DecodeToParticipant(ControlMessage message) => Decode<ToRollbackParticipant>(message.Content, static reader => reader.ReadByte() switch
    {
        1 => new AskLife(reader.ReadLife(), reader.Read7BitEncodedInt64()),
        2 => new PrepareToRollBack(reader.ReadLife()),
        3 => new RollBack(reader.ReadLife()),
        4 => new AskToRollBack(reader.ReadGuid(), reader.ReadLife(), reader.ReadBoolean()),
        5 => new HoldForRollBack(reader.ReadGuid(), reader.ReadLife()),
        6 => new DoNotRollBack(reader.ReadGuid(), reader.ReadLife()),
        7 => new RollBackAsAsked(reader.ReadGuid(), reader.ReadLife(), reader.ReadGuid()),
        var kind => throw new InvalidDataException($"a message of a rollback to a participant has the unknown kind {kind}"),
    });

    public static ControlMessage Encode(GrainId from, ToRollbackCoordinator message) => Encode(from, writer =>
    {
        switch (message)
        {
            case SuspectsReported reported:
                writer.Write((byte)1);
                writer.WriteAll(reported.Suspects, static (w, suspect) =>
                {
                    w.Write(suspect.Life);
                    w.Write7BitEncodedInt64(suspect.LastLabelReceived);
                });
                break;
            case OrphansReported reported:
                writer.Write((byte)2);
                writer.WriteAll(reported.Orphans, static (w, life) => w.Write(life));
                break;
            case LabelsCount counts:
                writer.Write((byte)3);
                WriteCounts(writer, counts);
                break;
            case LifeEnded ended:
                writer.Write((byte)4);
                WriteEnd(writer, ended.End);
                break;
            case ReadyToRollBack ready:
                writer.Write((byte)5);
                WriteEnd(writer, ready.End);
                break;
            case NotAnOrphan not:
                writer.Write((byte)6);
                writer.Write(not.Life);
                break;
            case RolledBack rolledBack:
                writer.Write((byte)7);
                writer.Write(rolledBack.Life);
                break;
            case EndsInstalled installed:
                writer.Write((byte)8);
                writer.Write(installed.Silo.Number);
                writer.Write(installed.Coordinator.ToByteArray());
                writer.Write7BitEncodedInt64(installed.Epoch);
                writer.Write7BitEncodedInt(installed.Position);
                writer.WriteAll(installed.Orphans, static (w, life) => w.Write(life));
                writer.Write(installed.HasOrphanOnItsWay);
                writer.Write(installed.AllEnds is not null);
                if (installed.AllEnds is { } all)
                {
                    writer.WriteAll(all, WriteEnd);
                }

                break;
            case WouldRollBack would:
                writer.Write((byte)9);
                writer.Write(would.Request.ToByteArray());
                WriteEnd(writer, would.End);
                writer.Write7BitEncodedInt64(would.LastLabel);
                writer.Write7BitEncodedInt64(would.CallsUndone);
                writer.Write(would.IsDrained);
                writer.Write(would.Vote.ToByteArray());
                break;
            case HeldForRollBack held:
                writer.Write((byte)10);
                WriteRequest(writer, held.Request, held.Life);
                break;
            case CannotRollBack cannot:
                writer.Write((byte)11);
                WriteRequest(writer, cannot.Request, cannot.Life);
                writer.Write((byte)cannot.Reason);
                writer.Write(cannot.Vote.ToByteArray());
                break;
            case EndsTested tested:
                writer.Write((byte)12);
                writer.Write(tested.Request.ToByteArray());
                writer.Write(tested.Silo.Number);
                writer.Write7BitEncodedInt(tested.Wave);
                writer.WriteAll(tested.Orphans, static (w, orphan) =>
                {
                    w.Write(orphan.Life);
                    w.Write(orphan.LastLabelReceived.Sender);
                    w.Write7BitEncodedInt64(orphan.LastLabelReceived.Sequence);
                    w.Write7BitEncodedInt64(orphan.End);
                });
                break;
            default:
                throw new ProtocolInvariantViolatedException($"A {message.GetType().Name} cannot be sent to the coordinator of a rollback.");
        }
    });

    public static ToRollbackCoordinator DecodeToCoordinator(ControlMessage message) => Decode<ToRollbackCoordinator>(message.Content, static reader => reader.ReadByte() switch
    {
        1 => new SuspectsReported(reader.ReadAll(static r => new Suspect(r.ReadLife(), r.Read7BitEncodedInt64()))),
        2 => new OrphansReported(reader.ReadAll(static r => r.ReadLife())),
        3 => ReadCounts(reader),
        4 => new LifeEnded(ReadEnd(reader)),
        5 => new ReadyToRollBack(ReadEnd(reader)),
        6 => new NotAnOrphan(reader.ReadLife()),
        7 => new RolledBack(reader.ReadLife()),
        8 => new EndsInstalled(
            new SiloId(reader.ReadUInt64()), reader.ReadGuid(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt(), reader.ReadAll(static r => r.ReadLife()), reader.ReadBoolean(), reader.ReadBoolean() ? reader.ReadAll(ReadEnd) : null),
        9 => new WouldRollBack(reader.ReadGuid(), ReadEnd(reader), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), reader.ReadBoolean(), reader.ReadGuid()),
        10 => new HeldForRollBack(reader.ReadGuid(), reader.ReadLife()),
        11 => new CannotRollBack(reader.ReadGuid(), reader.ReadLife(), (WhyNotRolledBack)reader.ReadByte(), reader.ReadGuid()),
        12 => new EndsTested(
            reader.ReadGuid(),
            new SiloId(reader.ReadUInt64()),
            reader.Read7BitEncodedInt(),
            reader.ReadAll(static r => new WouldBeOrphan(r.ReadLife(), new Receipt(r.ReadLife(), r.Read7BitEncodedInt64()), r.Read7BitEncodedInt64()))),
        var kind => throw new InvalidDataException($"a message of a rollback to the coordinator has the unknown kind {kind}"),
    });

    public static byte[] Encode(InstallEnds install) => Encode(default, writer =>
    {
        writer.Write(install.Coordinator.ToByteArray());
        writer.Write7BitEncodedInt64(install.Epoch);
        writer.Write7BitEncodedInt(install.Position);
        writer.WriteAll(install.Ends, WriteEnd);
        writer.Write7BitEncodedInt(install.Forgotten);
        writer.Write(install.AsksForAll);
    }).Content;

    public static InstallEnds DecodeInstallEnds(byte[] content) =>
        Decode(content, static reader => new InstallEnds(reader.ReadGuid(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt(), reader.ReadAll(ReadEnd), reader.Read7BitEncodedInt(), reader.ReadBoolean()));

    public static byte[] Encode(SuspectsCleared cleared) => Encode(default, writer => writer.WriteAll(cleared.Lives, WriteCounts)).Content;

    public static SuspectsCleared DecodeSuspectsCleared(byte[] content) => Decode(content, static reader => new SuspectsCleared(reader.ReadAll(ReadCounts)));

    public static byte[] Encode(TestEnds test) => Encode(default, writer =>
    {
        writer.Write(test.Request.ToByteArray());
        writer.Write7BitEncodedInt64(test.Epoch);
        writer.Write7BitEncodedInt(test.Wave);
        writer.WriteAll(test.Ends, WriteEnd);
    }).Content;

    public static TestEnds DecodeTestEnds(byte[] content) =>
        Decode(content, static reader => new TestEnds(reader.ReadGuid(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt(), reader.ReadAll(ReadEnd)));

    private static ControlMessage Encode(GrainId participant, Action<BinaryWriter> write)
    {
        using var stream = new MemoryStream(64);
        using var writer = new BinaryWriter(stream);
        write(writer);
        writer.Flush();
        return new ControlMessage(participant, stream.ToArray(), ControlAlgorithm.Rollback);
    }

    private static T Decode<T>(byte[] content, Func<BinaryReader, T> read)
    {
        using var reader = new BinaryReader(new MemoryStream(content, writable: false));
        return read(reader);
    }

    private static void WriteRequest(BinaryWriter writer, Guid request, Life life)
    {
        writer.Write(request.ToByteArray());
        writer.Write(life);
    }

    private static void WriteCounts(BinaryWriter writer, LabelsCount counts)
    {
        writer.Write(counts.Life);
        writer.Write7BitEncodedInt64(counts.LastLabel);
    }

    private static LabelsCount ReadCounts(BinaryReader reader) => new(reader.ReadLife(), reader.Read7BitEncodedInt64());

    private static void WriteEnd(BinaryWriter writer, LifeEnd end)
    {
        writer.Write(end.Life);
        writer.Write7BitEncodedInt64(end.LastSequence);
    }

    private static LifeEnd ReadEnd(BinaryReader reader) => new(reader.ReadLife(), reader.Read7BitEncodedInt64());
}
