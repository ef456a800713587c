namespace Checkpointing.Protocol.Labels;

/// <summary>
/// m.l of the paper: the number that a sender gives to each message in ascending order, within one life of that sender.
/// One sequence per sender serves all its channels. Labels of different lives are never ordered, only looked up in a table.
/// </summary>
internal readonly record struct MessageLabel(Incarnation Incarnation, long Sequence)
{
    /// <summary>⊥: below every real label; real labels start at 1.</summary>
    public static MessageLabel Bottom => default;

    public bool IsBottom => Sequence == 0;

    public override string ToString() => IsBottom ? "⊥" : $"({Incarnation},{Sequence})";
}
