using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>RB-20: has every silo that is not known to be gone refuse the calls that were sent under an older line.</summary>
internal sealed class CutOffWave(SimulatedCluster cluster, SimulatedSilo from, long line, Func<bool> isWanted, Action done)
{
    private const long RepeatInterval = 40;

    private readonly HashSet<SimulatedSilo> _silent = [];

    public void Begin()
    {
        from.CutOff.Raise(line);
        if (cluster.Mutation != Mutation.CutOffNotAwaited)
        {
            _silent.UnionWith(cluster.Silos.All.Where(silo => silo != from && !from.KnowsGone(silo)));
        }

        if (_silent.Count == 0)
        {
            done();
        }

        foreach (var silo in _silent.ToList())
        {
            Tell(silo);
        }
    }

    private void Tell(SimulatedSilo silo)
    {
        if (!_silent.Contains(silo) || !from.IsRunning || !isWanted())
        {
            return;
        }

        if (from.KnowsGone(silo))
        {
            Heard(silo);
            return;
        }

        if (!cluster.Random.Chance(cluster.Faults.Profile.ControlLost))
        {
            silo.Process.After(cluster.Random.Between(1, 8), () =>
            {
                if (silo is { IsRunning: true, IsSilent: false } && !from.IsSilent)
                {
                    silo.CutOff.Raise(line);
                    from.Process.After(cluster.Random.Between(1, 8), () => Heard(silo));
                }
            });
        }

        from.Process.After(RepeatInterval, () => Tell(silo));
    }

    private void Heard(SimulatedSilo silo)
    {
        if (_silent.Remove(silo) && _silent.Count == 0 && isWanted())
        {
            done();
        }
    }
}
