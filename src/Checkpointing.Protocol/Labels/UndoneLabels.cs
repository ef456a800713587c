using System.Collections.Immutable;

namespace Checkpointing.Protocol.Labels;

/// <summary>
/// A life is over, and of its labels those up to this one count: its sender's permanent checkpoint remembers sending them. All above are
/// undone work. A fact: once said it never changes (SPEC K28).
/// </summary>
internal readonly record struct LifeEnd(Life Life, long LastSequence)
{
    public override string ToString() => $"{Life} ended at {LastSequence}";
}

/// <summary>
/// What is known of ended lives: the ghost filter of SPEC D12. A label of a life that is not named here is no ghost, whatever else is unknown
/// of it: facts are negative, and nothing is dropped on suspicion. One writer at a time; anybody may read meanwhile.
/// </summary>
internal sealed class UndoneLabels
{
    private ImmutableDictionary<Life, long> _ends = ImmutableDictionary<Life, long>.Empty;

    public IEnumerable<LifeEnd> Ends => _ends.Select(end => new LifeEnd(end.Key, end.Value));

    public bool IsEmpty => _ends.IsEmpty;

    public bool Knows(Life life) => _ends.ContainsKey(life);

    public void Install(LifeEnd end)
    {
        if (_ends.TryGetValue(end.Life, out var known) && known != end.LastSequence)
        {
            throw new ProtocolInvariantViolatedException($"{end} contradicts {new LifeEnd(end.Life, known)}.");
        }

        _ends = _ends.SetItem(end.Life, end.LastSequence);
    }

    public bool Contains(Life sender, long sequence) => !_ends.IsEmpty && _ends.TryGetValue(sender, out var end) && sequence > end;

    public bool Contains(MessageStamp stamp) => Contains(stamp.Sender, stamp.Sequence);
}
