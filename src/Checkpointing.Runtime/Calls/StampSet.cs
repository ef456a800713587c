using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The stamps that one message carries: its sender's own, or, when a relay passes it on, the union of those the relay received. Almost
/// always there is exactly one, so one needs no array.
/// </summary>
internal readonly struct StampSet
{
    private readonly MessageStamp _first;
    private readonly MessageStamp[]? _others;

    public StampSet(MessageStamp only)
    {
        _first = only;
        _others = null;
    }

    public StampSet(MessageStamp first, MessageStamp[]? others)
    {
        _first = first;
        _others = others;
    }

    public bool IsEmpty => _first.Sender is null;

    public int Count => IsEmpty ? 0 : 1 + Others.Length;

    public MessageStamp First => _first;

    public ReadOnlySpan<MessageStamp> Others => _others;

    public MessageStamp this[int index] => index == 0 ? _first : Others[index - 1];

    public override string ToString() => IsEmpty ? "no stamp" : string.Join(", ", [_first, .. Others]);
}
