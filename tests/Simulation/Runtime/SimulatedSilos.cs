using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>The silos of a cluster: which there are, where new activations are placed, and how single ones are lost.</summary>
internal sealed class SimulatedSilos(SimulatedCluster cluster)
{
    /// <summary>So long after the death of a silo the last of the others learns of it.</summary>
    public const long LongestNotice = 150;

    private readonly List<SimulatedSilo> _all = [];
    private ulong _lastSilo;
    private long _version = 1;

    /// <summary>All that there ever were.</summary>
    public IReadOnlyList<SimulatedSilo> All => _all;

    /// <summary>Scripts only: where new activations are placed as long as that silo lives.</summary>
    public SimulatedSilo? Placement { get; set; }

    /// <summary>Not a silo, but it too learns which silos are gone.</summary>
    public SimulatedSilo Clients => field ??= new SimulatedSilo(cluster, default, _version);

    public long NextVersion() => ++_version;

    public SimulatedSilo Add()
    {
        // Simulations without broken connections are kept as they were: there, only the loss of a silo makes a new membership, and a silo that joins is told of the lines instead.
        var isNewMembership = cluster.Faults.Profile.BrokenConnection > 0 && _all.Count > 0;
        var silo = new SimulatedSilo(cluster, new SiloId(++_lastSilo), isNewMembership ? NextVersion() : _version);
        if (isNewMembership)
        {
            var version = _version;
            foreach (var other in _all.Where(other => other.IsRunning))
            {
                other.Process.After(cluster.Faults.Connections.Between(1, LongestNotice), () => other.LearnMembership(version));
            }
        }

        foreach (var other in _all)
        {
            silo.CutOff.Raise(other.CutOff.Line);
        }

        _all.Add(silo);
        foreach (var gone in _all.Where(other => other.IsDeclaredDead))
        {
            silo.LearnGone(gone);
        }

        return silo;
    }

    public SimulatedSilo Pick()
    {
        var usable = _all.Where(silo => silo.IsUsable).ToList();
        return Placement is { IsUsable: true } placement ? placement : usable.Count == 1 ? usable[0] : cluster.Random.Pick(usable);
    }

    /// <summary>A fault, perhaps: this silo dies now, or is only believed to have died.</summary>
    public bool CrashesNow(SimulatedSilo silo, double factor = 1)
    {
        MayBeDisturbed(silo, factor);
        if (!MayCrash(silo) || !cluster.Faults.SiloCrashes(factor))
        {
            return false;
        }

        Crash(silo, isFalseSuspicion: cluster.Faults.IsFalseSuspicion());
        return !silo.IsRunning;
    }

    /// <summary>A fault, perhaps, after which this silo goes on.</summary>
    /// <param name="silo">Which one.</param>
    /// <param name="factor">Some moments are rare and short.</param>
    public void MayBeDisturbed(SimulatedSilo silo, double factor)
    {
        cluster.Connections.MayBreak(silo, factor);
        MayBePaused(silo, factor);
        MayFallSilent(silo, factor);
    }

    private void MayFallSilent(SimulatedSilo silo, double factor)
    {
        if (!silo.IsRunning || !cluster.Faults.FallsSilent(factor))
        {
            return;
        }

        cluster.Hit(FaultKind.Silence, cluster.Coordinator, silo.ParticipantsAndLeaving);
        LoseWhatOnlyZombiesKnow(silo);
        silo.SilentUntil = cluster.Time.Now + cluster.Random.Between(SimulatedCluster.SilenceLimit + 100, 2000);
        cluster.Trace.Line($"*** {silo} falls silent until {silo.SilentUntil} ({cluster.Coordinator.Step})");
    }

    /// <summary>A coordinator that another one will follow, or has followed, does not tell anybody in time what it has learned until now.</summary>
    private void LoseWhatOnlyZombiesKnow(SimulatedSilo silo)
    {
        foreach (var zombie in cluster.Coordinators.All.Where(host => host.IsAlive && host.IsZombie && host.Silo == silo))
        {
            cluster.Judges.Rollbacks.OnLostWithCoordinator(zombie);
        }
    }

    private void MayBePaused(SimulatedSilo silo, double factor)
    {
        if (!silo.IsRunning || silo.Process.IsPaused || !cluster.Faults.IsPaused(factor))
        {
            return;
        }

        cluster.Hit(FaultKind.Pause, cluster.Coordinator, silo.ParticipantsAndLeaving);
        var length = cluster.Faults.LengthOfPause(cluster.Settings.LongestPause);
        LoseWhatOnlyZombiesKnow(silo);
        silo.Process.Pause(length);
        cluster.Trace.Line($"*** {silo} is paused for {length} ms ({cluster.Coordinator.Step})");
        if (cluster.Faults.SuspectedDuringPause(length) is { } suspected)
        {
            cluster.Time.After(suspected, () =>
            {
                if (MayCrash(silo) && cluster.Faults.MayLoseAnother())
                {
                    Crash(silo, isFalseSuspicion: true);
                }
            });
        }
    }

    /// <summary>A fault, perhaps, at a moment when it matters most: while a participant of this silo stores a snapshot, or is in doubt and has to roll back.</summary>
    public void LoseWhileInDoubt(SimulatedSilo silo, double falsely)
    {
        if (MayCrash(silo) && cluster.Faults.IsLostWhileInDoubt())
        {
            Crash(silo, isFalseSuspicion: cluster.Random.Chance(falsely));
        }
    }

    /// <summary>The silo is lost, the others hear of it one after the other, and another one joins.</summary>
    public void Crash(SimulatedSilo silo, bool isFalseSuspicion)
    {
        Lose(silo, isFalseSuspicion);
        Announce(silo);
        if (cluster.Coordinator.IsAlive && cluster.Coordinator.Silo == silo)
        {
            cluster.Coordinators.Crash(cluster.Coordinator, becomesZombie: isFalseSuspicion, withSilo: true);
        }
    }

    public void CrashIfPossible(SimulatedSilo silo)
    {
        if (MayCrash(silo))
        {
            Crash(silo, isFalseSuspicion: cluster.Faults.IsFalseSuspicion());
        }
    }

    /// <summary>Nobody is left on this silo: it goes.</summary>
    public void Leave(SimulatedSilo silo)
    {
        cluster.Trace.Line($"*** {silo} has stopped");
        silo.DeclareDead();
        Kill(silo);
        Announce(silo);
    }

    private void Announce(SimulatedSilo silo)
    {
        var life = cluster.LifeNumber;
        foreach (var other in _all.Where(other => other != silo && other.IsRunning).Append(Clients))
        {
            other.Process.After(cluster.Random.Between(5, LongestNotice), () =>
            {
                if (life == cluster.LifeNumber)
                {
                    Tell(other, silo);
                }
            });
        }

        cluster.Time.After(cluster.Random.Between(20, 200), () =>
        {
            if (life == cluster.LifeNumber)
            {
                Add();
                var host = cluster.Coordinator;
                host.Silo.Process.WhenRunning(host.OnSilos);
            }
        });
    }

    /// <summary>Perhaps a silo begins to stop in order.</summary>
    public void MayStopOne() => MayStop(cluster.Random.Pick(_all));

    /// <param name="silo">Which one.</param>
    /// <param name="factor">Some moments are rare and short.</param>
    public void MayStop(SimulatedSilo silo, double factor = 1)
    {
        if (cluster.Faults.StopsInOrder(factor) && silo is { IsUsable: true, Process.IsPaused: false } && MayCrash(silo))
        {
            new OrderlyStop(cluster, silo).Begin();
        }
    }

    /// <summary>The silo is declared dead; nobody has heard of it yet. If that is a mistake, it goes on for a while.</summary>
    public void Lose(SimulatedSilo silo, bool isFalseSuspicion, long? goesOnFor = null)
    {
        cluster.Trace.Line($"*** {silo} {(isFalseSuspicion ? "is falsely declared dead" : "dies")} ({cluster.Coordinator.Step})");
        cluster.Hit(isFalseSuspicion ? FaultKind.FalseSuspicion : FaultKind.SiloDeath, cluster.Coordinator, silo.ParticipantsAndLeaving);
        cluster.Judges.Rollbacks.OnSiloCrash(isFalseSuspicion);
        silo.DeclareDead();
        if ((silo.IsSilent || silo.Process.IsPaused) && silo == cluster.Coordinator.Silo)
        {
            cluster.Judges.Rollbacks.OnLostWithCoordinator(cluster.Coordinator);
        }

        if (isFalseSuspicion)
        {
            silo.Process.After(goesOnFor ?? silo.Process.PauseLeft + cluster.Random.Between(50, 600), () => Kill(silo));
        }
        else
        {
            Kill(silo);
        }
    }

    /// <summary>This one hears that the other is gone, and so does the coordinator if it lives there.</summary>
    public void Tell(SimulatedSilo silo, SimulatedSilo gone)
    {
        if (silo.IsSilent)
        {
            cluster.Network.Carry(silo, silo, 1, () => Tell(silo, gone));
            return;
        }

        silo.LearnGone(gone);
        foreach (var host in cluster.Coordinators.All.Where(host => host.IsAlive && host.Silo == silo).ToList())
        {
            host.OnSilos();
        }
    }

    /// <summary>All processes end at once.</summary>
    public void CrashAll()
    {
        var gone = _all.Where(silo => silo.IsRunning).ToList();
        foreach (var silo in gone)
        {
            silo.DeclareDead();
            silo.Stop();
        }

        foreach (var activation in cluster.Activations)
        {
            activation.Die();
        }

        cluster.Activations.Clear();
        gone.ForEach(_ => Add());
    }

    private bool MayCrash(SimulatedSilo silo) => silo is { IsRunning: true, IsDeclaredDead: false } && _all.Exists(other => other != silo && other.IsUsable);

    private void Kill(SimulatedSilo silo)
    {
        silo.Stop();
        foreach (var host in cluster.Coordinators.All.Where(host => host.IsAlive && host.Silo == silo && host != cluster.Coordinator))
        {
            host.Crash();
        }

        foreach (var activation in cluster.Activations.Where(actor => actor.Silo == silo))
        {
            activation.Die();
        }
    }
}
