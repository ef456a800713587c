using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// The facts of one coordinator, in the order in which it learnt them: every silo gets them in this order, and says how far it has come. Those that all silos have installed are
/// forgotten after a while (RB-23): the present life of each participant can say them again.
/// </summary>
internal sealed class FactLog
{
    private readonly List<LifeEnd> _facts = [];
    private readonly Dictionary<Life, (long LastSequence, int Position)> _known = [];
    private int _old;

    /// <summary>How many have been learnt, those included that are forgotten.</summary>
    public int Count => Forgotten + _facts.Count;

    /// <summary>How many of the first are forgotten.</summary>
    public int Forgotten { get; private set; }

    public bool Knows(Life life) => _known.ContainsKey(life);

    public LifeEnd EndOf(Life life) => new(life, _known[life].LastSequence);

    /// <summary>Whether that life is known to have ended, and not before this label.</summary>
    public bool Counts(Life life, long label) => _known.TryGetValue(life, out var end) && label <= end.LastSequence;

    /// <summary>Known so long that some silo may have forgotten it.</summary>
    public bool IsOld(Life life) => _known[life].Position < _old;

    /// <returns>Whether this is new, and has to be told.</returns>
    public bool Learn(LifeEnd end)
    {
        if (_known.TryGetValue(end.Life, out var known))
        {
            var last = end.AsOneFactWith(known.LastSequence);
            if (last == known.LastSequence)
            {
                return false;
            }

            end = end with { LastSequence = last };
        }

        Add(end);
        return true;
    }

    public void SayAgain(Life life) => Add(EndOf(life));

    public InstallEnds From(int position, Guid coordinator, long epoch) => new(coordinator, epoch, position, [.. _facts.Skip(position - Forgotten)], Forgotten);

    /// <summary>Forgets what had been learnt before the last call, as far as all silos have installed it and nobody waits for its life to roll back.</summary>
    public void ForgetOlder(IEnumerable<int> installed, Func<Life, bool> isAwaited)
    {
        var forgotten = Math.Max(Forgotten, installed.Append(_old).Min());
        _facts.RemoveRange(0, forgotten - Forgotten);
        Forgotten = forgotten;
        foreach (var (life, _) in _known.Where(known => known.Value.Position < forgotten && !isAwaited(known.Key)).ToList())
        {
            _known.Remove(life);
        }

        _old = Count;
    }

    private void Add(LifeEnd end)
    {
        _known[end.Life] = (end.LastSequence, Count);
        _facts.Add(end);
    }
}
