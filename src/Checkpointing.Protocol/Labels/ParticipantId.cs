using System.Text;

namespace Checkpointing.Protocol.Labels;

/// <summary>
/// The process of the paper: one checkpointed grain, by its stable identity over all its lives. It borrows the bytes and the hash of the
/// runtime's own id, so that naming the receiver of a message allocates nothing.
/// </summary>
internal readonly struct ParticipantId : IEquatable<ParticipantId>, IComparable<ParticipantId>
{
    private readonly byte[] _type;
    private readonly byte[] _key;
    private readonly int _hash;

    /// <param name="type">Kind of participant; may be empty.</param>
    /// <param name="key">Key within its kind.</param>
    /// <param name="hash">A hash of both; equal ids must come with equal hashes.</param>
    public ParticipantId(byte[] type, byte[] key, int hash)
    {
        _type = type;
        _key = key;
        _hash = hash;
    }

    public byte[] Type => _type ?? [];

    public byte[] Key => _key ?? [];

    /// <summary>A participant that is known by one plain name, as in traces and simulations.</summary>
    public static ParticipantId Named(string name)
    {
        const uint FnvOffset = 2166136261, FnvPrime = 16777619;
        var key = Encoding.UTF8.GetBytes(name);
        var hash = FnvOffset;
        foreach (var b in key)
        {
            // Not System.HashCode: its seed differs from process to process, and a simulation must replay.
            hash = unchecked((hash ^ b) * FnvPrime);
        }

        return new ParticipantId([], key, unchecked((int)hash));
    }

    public bool Equals(ParticipantId other) =>
        _hash == other._hash
        && (ReferenceEquals(_key, other._key) || Key.AsSpan().SequenceEqual(other.Key))
        && (ReferenceEquals(_type, other._type) || Type.AsSpan().SequenceEqual(other.Type));

    public override bool Equals(object? obj) => obj is ParticipantId other && Equals(other);

    public override int GetHashCode() => _hash;

    public int CompareTo(ParticipantId other)
    {
        var byType = Type.AsSpan().SequenceCompareTo(other.Type);
        return byType != 0 ? byType : Key.AsSpan().SequenceCompareTo(other.Key);
    }

    public static bool operator ==(ParticipantId left, ParticipantId right) => left.Equals(right);

    public static bool operator !=(ParticipantId left, ParticipantId right) => !left.Equals(right);

    public static bool operator <(ParticipantId left, ParticipantId right) => left.CompareTo(right) < 0;

    public static bool operator >(ParticipantId left, ParticipantId right) => left.CompareTo(right) > 0;

    public static bool operator <=(ParticipantId left, ParticipantId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ParticipantId left, ParticipantId right) => left.CompareTo(right) >= 0;

    public override string ToString() =>
        Type.Length == 0 ? Encoding.UTF8.GetString(Key) : $"{Encoding.UTF8.GetString(Type)}/{Encoding.UTF8.GetString(Key)}";
}
