using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// Carries messages with random delays, so in any order. Application messages arrive unless everything crashes; control messages may be
/// lost, duplicated and delayed, and may even outlive a crash of everything.
/// </summary>
internal sealed class SimulatedNetwork(SimulatedCluster cluster)
{
    /// <summary>Scripts only: control messages to or from a participant for which this holds are kept back in <see cref="Held"/>.</summary>
    public Func<string, object, bool>? Hold { get; set; }

    public List<(object Message, Action Deliver)> Held { get; } = [];

    /// <summary>Scripts only: how long it takes a silo to pass a message on.</summary>
    public Func<Request, long>? PassingOn { get; set; }

    public void Send(SimulatedActor from, Request request) => Send(from.Silo, cluster.Route(from.Silo, request.Plan.Target), request);

    public void Send(SimulatedSilo from, SimulatedActor to, Request request) => Send(from, to.Silo, () => to.Deliver(request));

    /// <summary>A silo passes a message on to where its actor is now; that may take long, and outlive that silo.</summary>
    public void PassOn(Request request, SimulatedSilo from, string name)
    {
        var to = cluster.Route(from, name);
        var delay = PassingOn?.Invoke(request) ?? (cluster.Silos.All.Count > 1 && cluster.Random.Chance(0.7) ? cluster.Random.Between(20, 300) : 0);
        if (delay > 0)
        {
            Send(from, to.Silo, delay, () => to.Deliver(request));
        }
        else
        {
            to.Silo.Process.WhenRunning(() => to.Deliver(request));
        }
    }

    /// <summary>An application message.</summary>
    public void Send(SimulatedSilo from, SimulatedSilo to, Action deliver) =>
        Send(from, to, cluster.Random.Chance(0.1) ? cluster.Random.Between(5, 30) : cluster.Random.Between(1, 5), deliver);

    /// <summary>Whatever a silent silo sends, or is sent, waits until it is heard again; and for a paused one until it goes on.</summary>
    public void Carry(SimulatedSilo from, SimulatedSilo to, long delay, Action deliver)
    {
        from.Process.Send(() => cluster.Time.After(Math.Max(from.SilentUntil - cluster.Time.Now, 0) + delay, Arrive));

        void Arrive()
        {
            if (to.IsSilent)
            {
                cluster.Time.After(to.SilentUntil - cluster.Time.Now + cluster.Random.Between(1, 10), Arrive);
            }
            else
            {
                to.Process.WhenRunning(deliver);
            }
        }
    }

    /// <summary>An application message, unless everything crashes meanwhile.</summary>
    public void Send(SimulatedSilo from, SimulatedSilo to, long delay, Action deliver)
    {
        var life = cluster.LifeNumber;
        Carry(from, to, delay, () =>
        {
            if (life == cluster.LifeNumber)
            {
                deliver();
            }
        });
    }

    public void SendToParticipant(CoordinatorHost from, CheckpointedActor to, ToParticipant message) => SendControl(
        from.Silo,
        to.Silo,
        to.Name,
        message,
        (to.Host.Step, from.Step),
        () => Deliver(from, to.Name, host => host.Receive(message)),
        () => from.OnUnreachable(to, message));

    public void SendToCoordinator(CheckpointedActor from, ToCoordinator message) => SendControl(
        from.Silo, cluster.Coordinator.Silo, from.Name, message, (from.Host.Step, cluster.Coordinator.Step), () => cluster.Coordinators.Deliver(message), static () => { });

    public void SendToRollbackParticipant(CoordinatorHost from, ParticipantId to, ToRollbackParticipant message)
    {
        var participant = cluster.Participant(to);
        var name = participant.Name;
        SendControl(
            from.Silo,
            participant.Silo,
            name,
            message,
            (participant.Host.Rollback.Step ?? participant.Host.Step, from.Rollback.Step ?? from.Step),
            () => Deliver(from, name, host => host.Rollback.Receive(message)),
            static () => { });
    }

    public void SendToRollbackCoordinator(SimulatedSilo from, ToRollbackCoordinator message)
    {
        cluster.Judges.LifeEnds.OnSaid(message);
        SendControl(
            from, cluster.Coordinator.Silo, from.Id.ToString(), message, (Step(cluster.Coordinator), Step(cluster.Coordinator)), () => cluster.Coordinators.Deliver(message), static () => { });
    }

    public void SendToAgent(CoordinatorHost from, SimulatedSilo? to, InstallEnds message) => SendToAgent(from, to, message, () => to!.Receive(message, from));

    public void SendToAgent(CoordinatorHost from, SimulatedSilo? to, TestEnds message) => SendToAgent(from, to, message, () => to!.Receive(message, from));

    public void SendToAgent(CoordinatorHost from, SimulatedSilo? to, SuspectsCleared message) => SendToAgent(from, to, message, () => to!.Receive(message));

    private void SendToAgent(CoordinatorHost from, SimulatedSilo? to, object message, Action deliver)
    {
        if (to is not null)
        {
            SendControl(from.Silo, to, to.Id.ToString(), message, (Step(from), Step(from)), deliver, static () => { });
        }
    }

    /// <summary>An agent says to the coordinator that has called it whom it obeys instead (RB-24).</summary>
    public void Refuse(SimulatedSilo from, CoordinatorHost outdated) => SendControl(
        from, outdated.Silo, from.Id.ToString(), from.Agent.Obeyed, (Step(outdated), Step(outdated)), () => outdated.Rollback.OnRefused(from.Agent.Obeyed), static () => { });

    /// <summary>An agent calls for a coordinator, whichever it is.</summary>
    public void Wake(SimulatedSilo from, Action answered) => SendControl(
        from, cluster.Coordinator.Silo, from.Id.ToString(), nameof(Wake), (Step(cluster.Coordinator), Step(cluster.Coordinator)), () =>
        {
            if (cluster.Coordinators.Wake(from))
            {
                from.Process.WhenRunning(answered);
            }
        },
        static () => { });

    /// <summary>Wherever that participant is by now.</summary>
    private void Deliver(CoordinatorHost from, string name, Action<ParticipantHost> receive)
    {
        var actor = (CheckpointedActor)cluster.Route(from.Silo, name);
        actor.Silo.Process.WhenRunning(() => receive(actor.Host));
    }

    private static StepOfRound Step(CoordinatorHost host) => host.Rollback.Step ?? host.Step;

    private void SendControl(SimulatedSilo from, SimulatedSilo to, string peer, object message, (StepOfRound Participant, StepOfRound Coordinator) steps, Action deliver, Action unreachable)
    {
        if (Hold?.Invoke(peer, message) == true)
        {
            Held.Add((message, deliver));
            return;
        }

        switch (cluster.Faults.NextControlFate(steps.Participant, steps.Coordinator))
        {
            case ControlFate.Lost:
                cluster.Trace.Line($"    lost: {message}");
                if (cluster.Random.Chance(0.3))
                {
                    from.Process.After(cluster.Random.Between(5, 60), unreachable);
                }

                break;
            case ControlFate.Duplicated:
                Plan(from, to, deliver, cluster.Random.Between(1, 8));
                Plan(from, to, deliver, cluster.Random.Between(1, 120));
                break;
            case ControlFate.Delayed:
                Plan(from, to, deliver, cluster.Random.Between(20, SimulatedCluster.LongestControlDelay));
                break;
            default:
                Plan(from, to, deliver, cluster.Random.Between(1, 8));
                break;
        }
    }

    private void Plan(SimulatedSilo from, SimulatedSilo to, Action deliver, long delay)
    {
        var life = cluster.LifeNumber;
        Carry(from, to, delay, () =>
        {
            if (life == cluster.LifeNumber || cluster.Random.Chance(cluster.Faults.Profile.ControlOutlivesCrash))
            {
                deliver();
            }
        });
    }
}
