namespace Checkpointing.Protocol.Labels;

/// <summary>
/// A participant in one of its lives: the sender that every stamp names. One shared, immutable instance per life, so that stamps within
/// a process cost one reference.
/// </summary>
/// <param name="participant">Who lives.</param>
/// <param name="incarnation">Which life.</param>
/// <param name="silo">Where; no part of the identity, because a life can move.</param>
internal sealed class Life(ParticipantId participant, Incarnation incarnation, SiloId silo = default) : IEquatable<Life>
{
    public ParticipantId Participant { get; } = participant;

    public Incarnation Incarnation { get; } = incarnation;

    /// <summary>Where this life was when it said so; unknown by default.</summary>
    public SiloId Silo { get; } = silo;

    public bool Equals(Life? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Incarnation.Id == other.Incarnation.Id && Participant == other.Participant);

    public override bool Equals(object? obj) => Equals(obj as Life);

    // The id is unique, so it alone spreads well; the name would be hashed anew for every message.
    public override int GetHashCode() => Incarnation.Id.GetHashCode();

    public override string ToString() => $"{Participant}@{Incarnation}";
}
