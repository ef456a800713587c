using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// Carries messages with random delays, so in any order. Application messages arrive unless everything crashes; control messages may be
/// lost, duplicated and delayed, and may even outlive a crash of everything.
/// </summary>
internal sealed class SimulatedNetwork(SimulatedCluster cluster)
{
    private const double OutlivesCrash = 0.3;

    /// <summary>Scripts only: control messages to or from a participant for which this holds are kept back in <see cref="Held"/>.</summary>
    public Func<string, object, bool>? Hold { get; set; }

    public List<(object Message, Action Deliver)> Held { get; } = [];

    public void Send(Request request) => Send(() => cluster.Actor(request.Plan.Target).Deliver(request));

    /// <summary>An application message.</summary>
    public void Send(Action deliver)
    {
        var life = cluster.LifeNumber;
        cluster.Time.After(cluster.Random.Chance(0.1) ? cluster.Random.Between(5, 30) : cluster.Random.Between(1, 5), () =>
        {
            if (life == cluster.LifeNumber)
            {
                deliver();
            }
        });
    }

    public void SendToParticipant(CoordinatorHost from, CheckpointedActor to, ToParticipant message) =>
        SendControl(to, message, from.Step, () => to.Host.Receive(message), () => from.OnUnreachable(to, message));

    public void SendToCoordinator(CheckpointedActor from, ToCoordinator message) =>
        SendControl(from, message, cluster.Coordinator.Step, () => cluster.DeliverToCoordinator(message), static () => { });

    private void SendControl(CheckpointedActor participant, object message, StepOfRound coordinator, Action deliver, Action unreachable)
    {
        if (Hold?.Invoke(participant.Name, message) == true)
        {
            Held.Add((message, deliver));
            return;
        }

        switch (cluster.Faults.NextControlFate(participant.Host.Step, coordinator))
        {
            case ControlFate.Lost:
                cluster.Trace.Line($"    lost: {message}");
                if (cluster.Random.Chance(0.3))
                {
                    cluster.Time.After(cluster.Random.Between(5, 60), unreachable);
                }

                break;
            case ControlFate.Duplicated:
                Plan(deliver, cluster.Random.Between(1, 8));
                Plan(deliver, cluster.Random.Between(1, 120));
                break;
            case ControlFate.Delayed:
                Plan(deliver, cluster.Random.Between(20, SimulatedCluster.LongestControlDelay));
                break;
            default:
                Plan(deliver, cluster.Random.Between(1, 8));
                break;
        }
    }

    private void Plan(Action deliver, long delay)
    {
        var life = cluster.LifeNumber;
        cluster.Time.After(delay, () =>
        {
            if (life == cluster.LifeNumber || cluster.Random.Chance(OutlivesCrash))
            {
                deliver();
            }
        });
    }
}
