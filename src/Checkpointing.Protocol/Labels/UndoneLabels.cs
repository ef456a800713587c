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
/// of it: facts are negative, and nothing is dropped on suspicion.
/// </summary>
internal sealed class UndoneLabels
{
    private readonly Dictionary<Life, long> _ends = [];

    public IEnumerable<LifeEnd> Ends => _ends.Select(end => new LifeEnd(end.Key, end.Value));

    public bool Knows(Life life) => _ends.ContainsKey(life);

    public void Install(LifeEnd end)
    {
        if (!_ends.TryAdd(end.Life, end.LastSequence) && _ends[end.Life] != end.LastSequence)
        {
            throw new ProtocolInvariantViolatedException($"{end} contradicts {new LifeEnd(end.Life, _ends[end.Life])}.");
        }
    }

    public bool Contains(Life sender, long sequence) => _ends.Count > 0 && _ends.TryGetValue(sender, out var end) && sequence > end;

    public bool Contains(MessageStamp stamp) => Contains(stamp.Sender, stamp.Sequence);
}
