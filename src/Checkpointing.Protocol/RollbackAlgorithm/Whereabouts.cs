using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// What one silo was told of lives that it had to ask about: where they are, or up to which label they count for ever. Nothing here is needed for
/// safety; it says when to stop asking, and when to ask again.
/// </summary>
internal sealed class Whereabouts
{
    private readonly Dictionary<Life, (long Label, int Age)> _counted = [];
    private readonly Dictionary<Life, (LabelsCount Where, int Age)> _found = [];
    private int _age;

    public void Learn(LabelsCount counts)
    {
        if (counts.Life.Silo.IsUnknown)
        {
            _counted[counts.Life] = (Math.Max(counts.LastLabel, _counted.GetValueOrDefault(counts.Life).Label), _age);
        }
        else if (!_found.TryGetValue(counts.Life, out var known) || known.Where.LastLabel <= counts.LastLabel)
        {
            // Answers overtake each other: the one with the higher label is the later one, because each move takes a label.
            _found[counts.Life] = (counts, _age);
        }
    }

    /// <summary>That label is covered by a permanent checkpoint.</summary>
    public bool CountsForEver(Life life, long label) => _counted.TryGetValue(life, out var counted) && label <= counted.Label;

    /// <summary>Where that life was when it had given out that label or a later one; unknown if nobody has said so.</summary>
    public SiloId SiloOf(Life life, long label) =>
        _found.TryGetValue(life, out var found) && label <= found.Where.LastLabel ? found.Where.Life.Silo : default;

    public void Forget(ImmutableArray<LifeEnd> ended)
    {
        foreach (var end in ended)
        {
            _counted.Remove(end.Life);
            _found.Remove(end.Life);
        }
    }

    /// <summary>RB-23: forgets what was learnt before the last call, and not since.</summary>
    public void ForgetOlder()
    {
        ForgetOlder(_counted);
        ForgetOlder(_found);
        _age++;
    }

    private void ForgetOlder<T>(Dictionary<Life, (T What, int Age)> known)
    {
        foreach (var (life, _) in known.Where(entry => entry.Value.Age < _age).ToList())
        {
            known.Remove(life);
        }
    }
}
