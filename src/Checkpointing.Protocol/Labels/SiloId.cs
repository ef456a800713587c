namespace Checkpointing.Protocol.Labels;

/// <summary>A process that hosts participants, by a number that is its own for one run of it; 0 if it is not known.</summary>
internal readonly record struct SiloId(ulong Number) : IComparable<SiloId>
{
    public bool IsUnknown => Number == 0;

    public int CompareTo(SiloId other) => Number.CompareTo(other.Number);

    public static bool operator <(SiloId left, SiloId right) => left.Number < right.Number;

    public static bool operator >(SiloId left, SiloId right) => left.Number > right.Number;

    public static bool operator <=(SiloId left, SiloId right) => left.Number <= right.Number;

    public static bool operator >=(SiloId left, SiloId right) => left.Number >= right.Number;

    public override string ToString() => IsUnknown ? "an unknown silo" : $"silo{Number:x}";
}
