using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Every round ends (P-C2).</summary>
internal sealed class RoundChecker(SimulatedCluster cluster)
{
    /// <summary>Pause, votes, slow decision writes and their re-reads.</summary>
    private const long Bound = 4000;

    private readonly Dictionary<int, (RoundNumber Round, long Since)> _running = [];

    public int Rounds { get; private set; }

    public int Retakes { get; private set; }

    public void OnRetake() => Retakes++;

    /// <summary>Called after every step of a coordinator.</summary>
    public void OnStep(CoordinatorHost host)
    {
        var round = host.Coordinator?.Round?.Number ?? RoundNumber.None;
        var known = _running.GetValueOrDefault(host.Number);
        if (known.Round != round)
        {
            _running[host.Number] = (round, cluster.Time.Now);
            Rounds += round.IsNone ? 0 : 1;
        }
        else if (!round.IsNone && cluster.Time.Now - known.Since > Bound)
        {
            cluster.Judges.Report("rounds end", $"round {round} has been running for {cluster.Time.Now - known.Since} ms");
        }
    }

    public void JudgeNoneIsRunning()
    {
        foreach (var host in cluster.Coordinators.All.Where(host => host.IsAlive && host.Coordinator?.Round is not null))
        {
            cluster.Judges.Report("rounds end", $"round {host.Coordinator!.Round!.Number} never ends");
        }

        foreach (var participant in cluster.Participants.Where(participant => !participant.IsDead && (!participant.Host.IsLoaded || participant.Host.Participant.Phase != ParticipantPhase.Idle)))
        {
            cluster.Judges.Report("rounds end", $"{participant.Name} is {(participant.Host.IsLoaded ? participant.Host.Participant.Phase : "not loaded")} for ever");
        }
    }
}
