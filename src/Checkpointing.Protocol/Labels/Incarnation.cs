namespace Checkpointing.Protocol.Labels;

/// <summary>
/// One life of a participant: from the moment it starts from a checkpoint until it is lost or rolled back.
/// Equality is what the algorithms use; the generation only says, of two lives of one participant, which is the younger (SPEC K28).
/// </summary>
internal readonly record struct Incarnation(long Generation, Guid Id)
{
    /// <summary>No life: the mark of a participant that never took a checkpoint.</summary>
    public static Incarnation None => default;

    public bool IsNone => this == None;

    public override string ToString() => IsNone ? "⊥" : $"{Generation}:{Id.ToString("N")[..6]}";
}
