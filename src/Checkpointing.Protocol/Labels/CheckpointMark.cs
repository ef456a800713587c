namespace Checkpointing.Protocol.Labels;

/// <summary>
/// W of SPEC B6 and D3: where a checkpoint stands in its participant's sequence of labels. It covers every message that was sent before it.
/// With one ascending sequence per sender, last_rmsg ≥ first_smsg > ⊥ of the paper says the same as "the mark does not cover last_rmsg".
/// </summary>
/// <param name="Label">The last label sent before the checkpoint, in the life that took it; ⊥ when no checkpoint was ever taken.</param>
/// <param name="Ends">The ends of the lives before that one.</param>
internal sealed record CheckpointMark(MessageLabel Label, IncarnationTable Ends)
{
    /// <summary>The mark of the initial, empty checkpoint: it covers nothing.</summary>
    public static CheckpointMark Initial { get; } = new(default, IncarnationTable.Empty);

    public bool Covers(MessageLabel label) =>
        (!Label.Incarnation.IsNone && label.Incarnation == Label.Incarnation && label.Sequence <= Label.Sequence) || Ends.Covers(label);

    /// <summary>The table that a life that starts from this checkpoint hands out: all that ever counted.</summary>
    public IncarnationTable Table() => Ends.With(Label);

    /// <summary>Whether this mark covers exactly what the other covers: nothing was sent between them.</summary>
    public bool SaysTheSameAs(CheckpointMark other) =>
        Table().Equals(other.Table());

    public override string ToString() => Ends.Ends.IsEmpty ? $"W{Label}" : $"W{Label}+{Ends}";
}
