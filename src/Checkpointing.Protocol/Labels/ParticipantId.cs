namespace Checkpointing.Protocol.Labels;

/// <summary>The process of the paper: one checkpointed grain, by its stable identity over all its lives.</summary>
internal readonly record struct ParticipantId(string Name) : IComparable<ParticipantId>
{
    public int CompareTo(ParticipantId other) => string.CompareOrdinal(Name, other.Name);

    public override string ToString() => Name;
}
