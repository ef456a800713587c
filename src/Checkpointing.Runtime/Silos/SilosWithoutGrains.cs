using System.Collections.Immutable;

namespace Checkpointing.Runtime.Silos;

/// <summary>Silos that stop in order and have said that their last grains have left.</summary>
internal sealed class SilosWithoutGrains
{
    private ImmutableHashSet<SiloAddress> _silos = [];

    public bool Contains(SiloAddress silo) => Volatile.Read(ref _silos) is { IsEmpty: false } silos && silos.Contains(silo);

    /// <summary>Those that are gone need not be remembered.</summary>
    public void Add(SiloAddress silo, Func<SiloAddress, bool> isGone) =>
        ImmutableInterlocked.Update(ref _silos, silos => silos.Where(other => !isGone(other)).ToImmutableHashSet().Add(silo));
}
