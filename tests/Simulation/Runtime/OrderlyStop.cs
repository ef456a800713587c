using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// A silo that stops on purpose: whoever is on it is checkpointed and deactivated, or moves away. When nobody is left, and nobody waits for an answer
/// from it, it goes, and is declared dead like any other. Or it does not wait for that, as a real one does not: then what is on its way there, or back, is lost. If that takes too long it goes all the same.
/// </summary>
internal sealed class OrderlyStop(SimulatedCluster cluster, SimulatedSilo silo)
{
    private const long TimeForCheckpoints = 150;
    private const long Limit = 700;

    private readonly HashSet<string> _requested = [];
    private long _began;
    private int _life;
    private bool _dropsCalls;

    public void Begin()
    {
        _began = cluster.Time.Now;
        _life = cluster.LifeNumber;
        _dropsCalls = cluster.Random.Chance(0.5);
        silo.IsStopping = true;
        cluster.Hit(FaultKind.OrderlyStop, cluster.Coordinator, silo.ParticipantsAndLeaving);
        cluster.Trace.Line($"*** {silo} begins to stop");
        Proceed();
    }

    private void Proceed()
    {
        if (!silo.IsRunning || silo.IsDeclaredDead || _life != cluster.LifeNumber)
        {
            return;
        }

        foreach (var participant in cluster.Participants.Where(actor => actor.Silo == silo && !actor.IsOver && !actor.IsMoving).ToList())
        {
            Leave(participant);
        }

        foreach (var relay in cluster.Relays.Where(relay => relay.Silo == silo && !relay.IsOver && relay is { ActiveHandlers: 0, OutstandingCalls: 0 }).ToList())
        {
            cluster.Replace(relay, keepQueue: true);
        }

        foreach (var host in cluster.Coordinators.All.Where(host => host.IsAlive && host.Silo == silo).ToList())
        {
            host.Crash();
            cluster.Coordinators.OnGone(host);
        }

        if (!IsInUse())
        {
            cluster.Judges.Rollbacks.OnStoppedInOrder();
            cluster.Silos.Leave(silo);
        }
        else if (cluster.Time.Now - _began > Limit)
        {
            cluster.Silos.Crash(silo, isFalseSuspicion: false);
        }
        else
        {
            silo.Process.After(cluster.Random.Between(2, 10), Proceed);
        }
    }

    private void Leave(CheckpointedActor participant)
    {
        if (participant.MayRestart)
        {
            cluster.Replace(participant, keepQueue: true);
        }
        else if (cluster.Random.Chance(0.3) && _requested.Add(participant.Name))
        {
            cluster.RequestCheckpoint([participant.Name], [], static _ => { });
        }
        else if (cluster.Time.Now - _began > TimeForCheckpoints || cluster.Random.Chance(0.1))
        {
            participant.IsLeaving = true;
            cluster.Moves.LeaveNow(participant);
        }
    }

    /// <summary>Somebody lives here, is on the way from or to here, or waits for an answer from here.</summary>
    private bool IsInUse() =>
        cluster.Moves.IsAwaited(silo)
        || cluster.Activations.Exists(actor => actor.Silo == silo && !actor.IsDead)
        || (!_dropsCalls && cluster.Activations.Exists(actor => !actor.IsOver && actor.WaitsFor(silo)));
}
