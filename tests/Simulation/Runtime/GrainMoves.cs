using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// Moves grains to other silos with ledger and state in memory. What is on its way is lost with the silo that it goes to, and perhaps with the
/// one that it comes from. Whoever arrives when another activation has taken the place already stops.
/// </summary>
internal sealed class GrainMoves(SimulatedCluster cluster)
{
    private readonly List<(CheckpointedActor Actor, SimulatedSilo To)> _onTheirWay = [];

    /// <summary>Somebody is on the way to this silo.</summary>
    public bool IsAwaited(SimulatedSilo silo) => _onTheirWay.Exists(move => move.To == silo && !move.Actor.IsDead);

    public void MayMoveSomebody()
    {
        if (!cluster.Faults.Moves())
        {
            return;
        }

        var actor = cluster.Random.Pick(cluster.Participants);
        var targets = cluster.Silos.All.Where(silo => silo.IsUsable && silo != actor.Silo && !silo.KnowsGone(actor.Silo)).ToList();
        if (actor.MayMove && actor.Silo.IsRunning && targets.Count > 0)
        {
            Begin(actor, cluster.Random.Pick(targets));
        }
    }

    /// <summary>A participant of a silo that stops goes to any other one, if it can go at this moment.</summary>
    public void LeaveNow(CheckpointedActor actor)
    {
        if (actor.MayMove && cluster.Silos.All.Where(silo => silo.IsUsable && silo != actor.Silo).ToList() is { Count: > 0 } targets)
        {
            Begin(actor, cluster.Random.Pick(targets));
        }
    }

    /// <param name="actor">Who moves.</param>
    /// <param name="to">Where to.</param>
    /// <param name="duration">Scripts only: how long that takes.</param>
    public void Begin(CheckpointedActor actor, SimulatedSilo to, long? duration = null)
    {
        cluster.Hit(FaultKind.Move, cluster.Coordinator, [actor]);
        cluster.Trace.Line($"*** {actor.Host.Ledger.Life} leaves {actor.Silo} for {to}");
        if (cluster.Mutation == Mutation.MovedLivesForgotten)
        {
            // Nothing is said to the agent.
        }
        else if (cluster.Mutation == Mutation.OrphansMoveAway && actor.Host.Ledger.IsOrphan(actor.Silo.Agent.Undone))
        {
            // Likewise.
        }
        else
        {
            var mayMove = actor.Silo.Agent.OnLifeMovesAway(actor.Host.Ledger);
            actor.Silo.Report();
            if (!mayMove)
            {
                cluster.Trace.Line($"*** {actor.Host.Ledger.Life} is an orphan: it takes nothing along");
                cluster.Replace(actor, keepQueue: true);
                return;
            }
        }

        actor.IsMoving = true;
        _onTheirWay.Add((actor, to));

        if (cluster.Faults.IsLostWhileMoving())
        {
            var lost = cluster.Random.Chance(0.3) ? to : actor.Silo;
            cluster.Time.After(cluster.Random.Between(0, 10), () => cluster.Silos.CrashIfPossible(lost));
        }

        var life = cluster.LifeNumber;
        cluster.Time.After(duration ?? (cluster.Random.Chance(0.4) ? cluster.Random.Between(20, 150) : cluster.Random.Between(1, 10)), () =>
        {
            if (life == cluster.LifeNumber)
            {
                ArriveWhenRunning(actor, to);
            }
        });
    }

    /// <summary>Neither the silo that it leaves nor the other one is paused.</summary>
    private void ArriveWhenRunning(CheckpointedActor actor, SimulatedSilo to)
    {
        var life = cluster.LifeNumber;
        if ((actor.Silo.Process.IsPaused ? actor.Silo : to) is { Process.IsPaused: true } paused)
        {
            paused.Process.WhenRunning(() =>
            {
                if (life == cluster.LifeNumber)
                {
                    ArriveWhenRunning(actor, to);
                }
            });
        }
        else
        {
            Arrive(actor, to);
        }
    }

    private void Arrive(CheckpointedActor left, SimulatedSilo to)
    {
        _onTheirWay.Remove((left, to));
        var isCurrent = cluster.Actor(left.Name) == left;
        if (!to.IsRunning || (left.IsDead && cluster.Random.Chance(0.2)))
        {
            cluster.Trace.Line($"*** {left.Host.Ledger.Life} is lost on its way to {to}");
            cluster.Judges.Rollbacks.OnLostOnTheWay();
            if (!left.IsDead)
            {
                cluster.Replace(left, keepQueue: true);
            }
        }
        else if (!isCurrent)
        {
            cluster.Trace.Line($"*** {left.Host.Ledger.Life} arrives on {to}, and another life has taken over");
            cluster.Judges.Rollbacks.OnLostOnTheWay();
            to.Agent.OnLifeStopped(left.Host.Ledger.Life);
            to.Report();
            left.Die(cluster.Actor(left.Name));
        }
        else
        {
            var arrived = cluster.Move(left, to);
            cluster.Judges.Rollbacks.OnMoved(left, arrived);
            to.Report();
            if (!left.IsDead)
            {
                left.Die(arrived.IsDead ? cluster.Actor(left.Name) : arrived);
            }

            arrived.Pump();
        }
    }
}
