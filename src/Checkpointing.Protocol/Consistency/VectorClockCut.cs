using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// A cut given by the vector clock of each process at its cut. Entry i of a clock counts the events of process i that its owner
/// knows of. The cut is consistent if and only if no process knows more of another than that process itself.
/// </summary>
internal sealed class VectorClockCut
{
    private readonly ImmutableArray<(ProcessName Process, ImmutableArray<long> Clock)> _clocks;

    private VectorClockCut(ImmutableArray<(ProcessName Process, ImmutableArray<long> Clock)> clocks) => _clocks = clocks;

    public int ProcessCount => _clocks.Length;

    /// <summary>The order of the processes is the order of the entries in every clock.</summary>
    /// <exception cref="InvalidCutException">A clock has the wrong length or a negative entry, or a process has two clocks.</exception>
    public static VectorClockCut Of(ImmutableArray<(ProcessName Process, ImmutableArray<long> Clock)> clocks)
    {
        var seen = new HashSet<ProcessName>();
        foreach (var (process, clock) in clocks)
        {
            if (!seen.Add(process))
            {
                throw new InvalidCutException($"process '{process}' has two clocks");
            }

            if (clock.Length != clocks.Length)
            {
                throw new InvalidCutException($"the clock of '{process}' has {clock.Length} entries, but there are {clocks.Length} processes");
            }

            if (clock.Any(entry => entry < 0))
            {
                throw new InvalidCutException($"the clock of '{process}' has a negative entry");
            }
        }

        return new VectorClockCut(clocks);
    }

    /// <summary>The pairs that make the cut inconsistent; none if it is consistent.</summary>
    public ImmutableArray<VectorClockWitness> Witnesses()
    {
        var witnesses = ImmutableArray.CreateBuilder<VectorClockWitness>();
        for (var known = 0; known < _clocks.Length; known++)
        {
            foreach (var (knower, clock) in _clocks)
            {
                var own = _clocks[known].Clock[known];
                if (clock[known] > own)
                {
                    witnesses.Add(new VectorClockWitness(knower, _clocks[known].Process, clock[known], own));
                }
            }
        }

        return witnesses.ToImmutable();
    }
}

/// <summary>Proof of inconsistency: <paramref name="Knower"/> knows more events of <paramref name="Known"/> than its cut contains.</summary>
internal sealed record VectorClockWitness(ProcessName Knower, ProcessName Known, long EventsKnown, long EventsInCut)
{
    public override string ToString()
        => $"{Knower} knows {EventsKnown} events of {Known}, but the cut of {Known} contains only {EventsInCut}";
}
