using System.Numerics;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>A set of small numbers (messages and changes of one simulation): what the checkers compare. Nothing in it knows of labels.</summary>
internal sealed class ExactSet
{
    private ulong[] _words;

    public ExactSet() => _words = [];

    private ExactSet(ulong[] words) => _words = words;

    public bool IsEmpty => Array.TrueForAll(_words, word => word == 0);

    public void Add(int id)
    {
        var word = id >> 6;
        if (word >= _words.Length)
        {
            Array.Resize(ref _words, Math.Max(word + 1, _words.Length * 2));
        }

        _words[word] |= 1UL << (id & 63);
    }

    public bool Contains(int id) => id >> 6 < _words.Length && (_words[id >> 6] & (1UL << (id & 63))) != 0;

    public void UnionWith(ExactSet other)
    {
        if (other._words.Length > _words.Length)
        {
            Array.Resize(ref _words, other._words.Length);
        }

        for (var i = 0; i < other._words.Length; i++)
        {
            _words[i] |= other._words[i];
        }
    }

    public bool SetEquals(ExactSet other)
    {
        for (var i = 0; i < Math.Max(_words.Length, other._words.Length); i++)
        {
            if (Word(i) != other.Word(i))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The smallest element that is in this set and in the mask but not in the other set; −1 does not occur as an element, so null stands for none.</summary>
    public int? FirstMissingIn(ExactSet other, ExactSet mask)
    {
        for (var i = 0; i < _words.Length; i++)
        {
            var missing = _words[i] & mask.Word(i) & ~other.Word(i);
            if (missing != 0)
            {
                return (i << 6) + BitOperations.TrailingZeroCount(missing);
            }
        }

        return null;
    }

    /// <summary>The elements of this set that are in the mask and not in the other set, ascending.</summary>
    public IEnumerable<int> Except(ExactSet other, ExactSet mask)
    {
        for (var i = 0; i < _words.Length; i++)
        {
            for (var missing = _words[i] & mask.Word(i) & ~other.Word(i); missing != 0; missing &= missing - 1)
            {
                yield return (i << 6) + BitOperations.TrailingZeroCount(missing);
            }
        }
    }

    public ExactSet Copy() => new((ulong[])_words.Clone());

    private ulong Word(int i) => i < _words.Length ? _words[i] : 0;
}
