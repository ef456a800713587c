using System.Collections.Immutable;

namespace Checkpointing.Protocol.Labels;

/// <summary>
/// A life is over, and of its labels those up to this one count: its sender's permanent checkpoint remembers sending them. All above are
/// undone work. A fact: once said it never changes (SPEC K28), but of a life that its participant has forgotten no label counts any more (RB-22).
/// </summary>
internal readonly record struct LifeEnd(Life Life, long LastSequence)
{
    /// <summary>What holds if both are said of this life: the same, or that its participant has forgotten it meanwhile.</summary>
    public long AsOneFactWith(long other) => LastSequence == other || LastSequence == 0 || other == 0
        ? Math.Min(LastSequence, other)
        : throw new ProtocolInvariantViolatedException($"{this} contradicts {new LifeEnd(Life, other)}.");

    public override string ToString() => $"{Life} ended at {LastSequence}";
}

/// <summary>
/// What is known of ended lives: the ghost filter of SPEC D12. A label of a life that is not named here is no ghost, whatever else is unknown
/// of it: facts are negative, and nothing is dropped on suspicion. One writer at a time; anybody may read meanwhile.
/// </summary>
internal sealed class UndoneLabels
{
    private ImmutableDictionary<Life, (long LastSequence, int Age)> _ends = ImmutableDictionary<Life, (long, int)>.Empty;
    private int _age;

    public IEnumerable<LifeEnd> Ends => _ends.Select(end => new LifeEnd(end.Key, end.Value.LastSequence));

    public bool IsEmpty => _ends.IsEmpty;

    public bool Knows(Life life) => _ends.ContainsKey(life);

    public void Install(LifeEnd end)
    {
        var last = _ends.TryGetValue(end.Life, out var known) ? end.AsOneFactWith(known.LastSequence) : end.LastSequence;
        _ends = _ends.SetItem(end.Life, (last, _age));
    }

    /// <summary>RB-23: forgets what was installed before the last call, and not since.</summary>
    public void ForgetOlder()
    {
        _ends = _ends.RemoveRange(_ends.Where(end => end.Value.Age < _age).Select(end => end.Key));
        _age++;
    }

    public bool Contains(Life sender, long sequence) => !_ends.IsEmpty && _ends.TryGetValue(sender, out var end) && sequence > end.LastSequence;

    public bool Contains(MessageStamp stamp) => Contains(stamp.Sender, stamp.Sequence);
}
