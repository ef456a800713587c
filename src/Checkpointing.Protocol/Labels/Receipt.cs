namespace Checkpointing.Protocol.Labels;

/// <summary>
/// LastLabelReceived, last_rmsg_p(q) of the paper, for one peer in one life: the largest label received from it since the checkpoint.
/// Kept per life: a plain maximum per peer would let a younger life's label hide a dependency on undone work (SPEC T11).
/// </summary>
internal readonly record struct Receipt(Life Sender, long Sequence)
{
    public MessageLabel Label => new(Sender.Incarnation, Sequence);

    public override string ToString() => $"{Sender.Participant}{Label}";
}
