namespace Checkpointing.Runtime.Silos;

/// <summary>Silos that stop in order and have said that their last grains have left. Looked at whenever a call is addressed, so it is an array, of none or one as a rule.</summary>
internal sealed class SilosWithoutGrains
{
    private readonly Lock _lock = new();
    private volatile SiloAddress[] _silos = [];

    public bool Contains(SiloAddress silo)
    {
        foreach (var other in _silos)
        {
            if (other.Equals(silo))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Those that are gone need not be remembered.</summary>
    public void Add(SiloAddress silo, Func<SiloAddress, bool> isGone)
    {
        lock (_lock)
        {
            _silos = [.. _silos.Where(other => !isGone(other) && !other.Equals(silo)), silo];
        }
    }
}
