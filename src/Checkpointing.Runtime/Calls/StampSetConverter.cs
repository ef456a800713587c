using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Calls;

/// <summary>A stamp on the wire.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.message-stamp.v1")]
internal readonly struct MessageStampOnWire(MessageStamp stamp)
{
    [Id(0)]
    public readonly GrainId Sender = stamp.Sender.Participant.ToGrainId();

    [Id(1)]
    public readonly long Generation = stamp.Sender.Incarnation.Generation;

    [Id(2)]
    public readonly Guid Incarnation = stamp.Sender.Incarnation.Id;

    [Id(3)]
    public readonly long Sequence = stamp.Sequence;

    [Id(4)]
    public readonly ulong Silo = stamp.Sender.Silo.Number;

    public MessageStamp ToStamp() =>
        new(new Life(Sender.ToParticipantId(), new Incarnation(Generation, Incarnation), new SiloId(Silo)), Sequence);
}

/// <summary>The stamps of one message on the wire.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.stamp-set.v1")]
internal struct StampSetOnWire
{
    [Id(0)]
    public MessageStampOnWire First;

    [Id(1)]
    public MessageStampOnWire[]? Others;
}

[RegisterConverter]
internal sealed class StampSetConverter : IConverter<StampSet, StampSetOnWire>
{
    public StampSet ConvertFromSurrogate(in StampSetOnWire surrogate) => surrogate.First.Sender.IsDefault
        ? default
        : new StampSet(surrogate.First.ToStamp(), surrogate.Others is { } others ? Array.ConvertAll(others, stamp => stamp.ToStamp()) : null);

    public StampSetOnWire ConvertToSurrogate(in StampSet value)
    {
        var wire = default(StampSetOnWire);
        if (!value.IsEmpty)
        {
            wire.First = new MessageStampOnWire(value.First);
            if (!value.Others.IsEmpty)
                wire.Others = Array.ConvertAll(value.Others.ToArray(), stamp => new MessageStampOnWire(stamp));
        }

        return wire;
    }
}
