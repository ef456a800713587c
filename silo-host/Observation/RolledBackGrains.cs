using System.Collections.Concurrent;

namespace Checkpointing.SiloHost.Observation;

/// <summary>Which grains of the bank were rolled back on this silo since it started, in order. The grains report themselves: <see cref="Bank.BankGrain"/>.</summary>
internal sealed class RolledBackGrains
{
    private readonly ConcurrentQueue<RolledBackGrain> _all = new();

    public IReadOnlyList<RolledBackGrain> All => [.. _all];

    public void Add(GrainId grain, string round) => _all.Enqueue(new RolledBackGrain(grain.ToString(), round, DateTimeOffset.UtcNow));
}

/// <summary>A grain that was rolled back.</summary>
/// <param name="Grain">Its id.</param>
/// <param name="Round">The round of the permanent checkpoint that it went back to; empty if it had none.</param>
/// <param name="At">When it was told, at the start of its next life or shortly after.</param>
internal sealed record RolledBackGrain(string Grain, string Round, DateTimeOffset At);
