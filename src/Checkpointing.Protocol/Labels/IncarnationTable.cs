using System.Collections.Immutable;

namespace Checkpointing.Protocol.Labels;

/// <summary>
/// "ends" of SPEC D3: for each earlier life that owns a checkpoint, the last label of it that counts. A label of a life that is neither
/// in the table nor the present one counts as undone work. That it need not be if its life is too old for the table (RB-22).
/// </summary>
internal sealed class IncarnationTable : IEquatable<IncarnationTable>
{
    /// <summary>RB-22: of so many lives, the present one among them, a participant remembers where they ended.</summary>
    public const int Capacity = 16;

    public static IncarnationTable Empty { get; } = new([]);

    private readonly ImmutableArray<MessageLabel> _ends;

    public IncarnationTable(ImmutableArray<MessageLabel> ends) => _ends = ends;

    /// <summary>The last label that counts of each earlier life, oldest first.</summary>
    public ImmutableArray<MessageLabel> Ends => _ends;

    public bool Covers(MessageLabel label)
    {
        foreach (var end in _ends)
        {
            if (end.Incarnation == label.Incarnation)
            {
                return label.Sequence <= end.Sequence;
            }
        }

        return false;
    }

    /// <summary>
    /// This table with the end of one more life; a life that is already there gets the new end. A life of which no label counts is left out:
    /// that says the same, and a participant that never sends keeps a table that never grows.
    /// </summary>
    public IncarnationTable With(MessageLabel end)
    {
        if (end.IsBottom)
        {
            return this;
        }

        return new IncarnationTable(Without(end.Incarnation)._ends.Add(end));
    }

    public IncarnationTable Without(Incarnation incarnation)
    {
        var kept = _ends.RemoveAll(end => end.Incarnation == incarnation);
        return kept.Length == _ends.Length ? this : new IncarnationTable(kept);
    }

    /// <summary>Without the oldest lives, so that this many are left.</summary>
    public IncarnationTable Youngest(int lives) => _ends.Length <= lives ? this : new IncarnationTable([.. _ends.AsSpan()[^lives..]]);

    public bool Equals(IncarnationTable? other) => other is not null && _ends.AsSpan().SequenceEqual(other._ends.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as IncarnationTable);

    public override int GetHashCode() => _ends.Length == 0 ? 0 : HashCode.Combine(_ends.Length, _ends[^1]);

    public override string ToString() => $"{{{string.Join(", ", _ends)}}}";
}
