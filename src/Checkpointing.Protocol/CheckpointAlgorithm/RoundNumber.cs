namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// Names one unit of commitment: a checkpoint round or, when a round falls apart into components (SPEC K8), one component of it. The epoch
/// is that of the coordinator's life that runs it; numbers ascend within an epoch and are never used twice.
/// </summary>
internal readonly record struct RoundNumber(long Epoch, long Number) : IComparable<RoundNumber>
{
    /// <summary>No round: the initial checkpoint of every participant.</summary>
    public static RoundNumber None => default;

    public bool IsNone => this == None;

    public RoundNumber Next(long offset = 1) => new(Epoch, Number + offset);

    public int CompareTo(RoundNumber other)
    {
        var byEpoch = Epoch.CompareTo(other.Epoch);
        return byEpoch != 0 ? byEpoch : Number.CompareTo(other.Number);
    }

    public static bool operator <(RoundNumber left, RoundNumber right) => left.CompareTo(right) < 0;

    public static bool operator >(RoundNumber left, RoundNumber right) => left.CompareTo(right) > 0;

    public static bool operator <=(RoundNumber left, RoundNumber right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RoundNumber left, RoundNumber right) => left.CompareTo(right) >= 0;

    public override string ToString() => IsNone ? "none" : $"{Epoch}.{Number}";
}
