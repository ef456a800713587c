namespace Checkpointing.Simulation.Tests.Faults;

/// <summary>How often each kind of fault hit each step.</summary>
internal sealed class FaultCounts
{
    private static readonly int Kinds = Enum.GetValues<FaultKind>().Length;
    private static readonly int Steps = Enum.GetValues<StepOfRound>().Length;

    private readonly long[] _hits = new long[Kinds * Steps];

    public long this[FaultKind kind, StepOfRound step] => _hits[((int)kind * Steps) + (int)step];

    public void Hit(FaultKind kind, StepOfRound step) => _hits[((int)kind * Steps) + (int)step]++;

    public void Add(FaultCounts other)
    {
        for (var i = 0; i < _hits.Length; i++)
        {
            _hits[i] += other._hits[i];
        }
    }

    public IEnumerable<(FaultKind Kind, long Total)> Totals() =>
        Enum.GetValues<FaultKind>().Select(kind => (kind, Enum.GetValues<StepOfRound>().Sum(step => this[kind, step])));
}
