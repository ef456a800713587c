namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>splitmix64: the same numbers for the same seed on every machine and in every version of the framework.</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = unchecked((seed * 0x9E3779B97F4A7C15UL) + 0xD1B54A32D192ED03UL);

    public ulong NextBits()
    {
        unchecked
        {
            var z = _state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }
    }

    /// <summary>0 … <paramref name="bound"/> − 1.</summary>
    public int Next(int bound) => (int)(NextBits() % (ulong)bound);

    /// <summary>Both ends are included.</summary>
    public long Between(long low, long high) => low + (long)(NextBits() % (ulong)(high - low + 1));

    public bool Chance(double probability) => probability > 0 && (NextBits() >> 11) * (1.0 / (1UL << 53)) < probability;

    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    public Guid NextGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, NextBits());
        BitConverter.TryWriteBytes(bytes[8..], NextBits());
        return new Guid(bytes);
    }
}
