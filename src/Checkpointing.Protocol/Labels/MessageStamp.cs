namespace Checkpointing.Protocol.Labels;

/// <summary>What a message between participants carries: who sent it, in which life, under which label.</summary>
internal readonly record struct MessageStamp(Life Sender, long Sequence)
{
    public MessageLabel Label => new(Sender.Incarnation, Sequence);

    public override string ToString() => $"{Sender.Participant}{Label}";
}
