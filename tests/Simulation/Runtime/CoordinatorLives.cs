using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>The coordinator, life after life: at times an earlier one still runs beside the present one.</summary>
internal sealed class CoordinatorLives(SimulatedCluster cluster)
{
    private readonly List<CoordinatorHost> _all = [];
    private int _started;
    private CoordinatorHost? _followed;

    /// <summary>The life that callers find.</summary>
    public CoordinatorHost Current => _all[^1];

    public IReadOnlyList<CoordinatorHost> All => _all;

    public void Start()
    {
        _all.RemoveAll(host => !host.IsAlive);
        var host = new CoordinatorHost(cluster, ++_started, cluster.Silos.Pick());
        _all.Add(host);
        host.Silo.Process.WhenRunning(host.Start);
    }

    public void Deliver(ToCoordinator message) => Deliver(host => host.Receive(message));

    public void Deliver(ToRollbackCoordinator message) => Deliver(host => host.Rollback.Receive(message));

    /// <summary>A fault, perhaps.</summary>
    public bool CrashesNow(CoordinatorHost host, double factor = 1)
    {
        if (!host.IsAlive || host.IsZombie || !cluster.Faults.CoordinatorCrashes(factor))
        {
            return false;
        }

        Crash(host, cluster.Faults.BecomesZombie());
        return true;
    }

    /// <summary>The present life ends in good order, and the next begins.</summary>
    public void Stop() => Current.Stop(Start);

    /// <param name="host">Which life.</param>
    /// <param name="becomesZombie">It goes on, but nobody new finds it.</param>
    /// <param name="withSilo">Its silo is lost: then the next life begins when somebody needs it. Else one that has more to do sees to that itself.</param>
    public void Crash(CoordinatorHost host, bool becomesZombie, bool withSilo = false)
    {
        cluster.Hit(FaultKind.CoordinatorCrash, host, cluster.Participants);

        cluster.Trace.Line($"*** coordinator {host.Number} {(becomesZombie ? "is cut off" : "crashes")} ({host.Step})");
        if (becomesZombie)
        {
            host.BecomeZombie();
            host.Silo.Process.After(host.Silo.Process.PauseLeft + cluster.Random.Between(50, 600), host.Crash);
        }
        else
        {
            host.Crash();
        }

        if (!withSilo && (becomesZombie || host.Rollback.IsBusy))
        {
            StartAfter(cluster.Random.Between(1, 60), host);
        }
    }

    /// <summary>A life that was superseded is gone; the next use creates a new one (SPEC K31).</summary>
    public void OnGone(CoordinatorHost host)
    {
        if (host.Rollback.IsBusy)
        {
            StartAfter(5, host);
        }
    }

    /// <summary>Somebody calls the coordinator.</summary>
    public void Need()
    {
        if (!Current.IsAlive || Current.IsZombie)
        {
            StartAfter(cluster.Random.Between(1, 60), Current);
        }
    }

    /// <summary>A call waits until there is one.</summary>
    public void Ask(Action<CoordinatorHost> call)
    {
        Need();
        if (Current.IsAlive)
        {
            var host = Current;
            host.Silo.Process.WhenRunning(() => call(host));
        }
        else
        {
            cluster.Time.After(5, () => Ask(call));
        }
    }

    /// <summary>An agent wants to be sure that there is one.</summary>
    /// <returns>Whether one has answered, perhaps an old one.</returns>
    public bool Wake(SimulatedSilo from)
    {
        Need();
        return Current is { IsAlive: true, Rollback.HasStarted: true, Silo.Process.IsPaused: false } && (!Current.IsZombie || (!from.KnowsGone(Current.Silo) && cluster.Random.Chance(0.3)));
    }

    private void StartAfter(long milliseconds, CoordinatorHost host)
    {
        if (_followed == host)
        {
            return;
        }

        _followed = host;
        var life = cluster.LifeNumber;
        cluster.Time.After(milliseconds, () =>
        {
            if (life == cluster.LifeNumber && ReferenceEquals(Current, host))
            {
                Start();
            }
        });
    }

    /// <summary>While an old life still runs, messages may reach it, the new one, or both.</summary>
    private void Deliver(Action<CoordinatorHost> receive)
    {
        Need();
        var zombie = _all.Find(host => host.IsAlive && host.IsZombie);
        var choice = zombie is null ? 0 : cluster.Random.Next(3);
        if (choice > 0)
        {
            zombie!.Silo.Process.WhenRunning(() => receive(zombie));
        }

        if (choice < 2)
        {
            var host = Current;
            host.Silo.Process.WhenRunning(() => receive(host));
        }
    }
}
