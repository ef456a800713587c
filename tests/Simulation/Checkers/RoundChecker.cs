using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Every round ends (P-C2).</summary>
internal sealed class RoundChecker(SimulatedCluster cluster)
{
    /// <summary>Pause, votes, slow decision writes and their re-reads.</summary>
    private const long Bound = 4000;

    private readonly Dictionary<int, (CheckpointRound? Round, long Since)> _running = [];
    private readonly HashSet<RoundNumber> _committed = [];

    public int Rounds { get; private set; }

    /// <summary>Rounds that made somebody's checkpoint permanent.</summary>
    public int Committed { get; private set; }

    /// <summary>Rounds that found nobody changed, and left nobody out.</summary>
    public int NothingToDo { get; private set; }

    public void OnCommitted(IEnumerable<(string Participant, RoundNumber Number)> permanent) => _committed.UnionWith(permanent.Select(member => member.Number));

    public int Retakes { get; private set; }

    public void OnRetake() => Retakes++;

    /// <summary>Called after every step of a coordinator.</summary>
    public void OnStep(CoordinatorHost host)
    {
        var round = host.Coordinator?.Round;
        var known = _running.GetValueOrDefault(host.Number);
        if (known.Round != round)
        {
            _running[host.Number] = (round, host.Silo.Process.TimeRun);
            Rounds += round is null ? 0 : 1;
            OnEnded(known.Round);
        }
        else if (round is not null && host.Silo.Process.TimeRun - known.Since > Bound)
        {
            cluster.Judges.Report("rounds end", $"round {round.Number} has been running for {host.Silo.Process.TimeRun - known.Since} ms");
        }
    }

    private void OnEnded(CheckpointRound? round)
    {
        if (round is null)
        {
            return;
        }

        if (round.Members.Values.Any(member => _committed.Contains(member.Number)))
        {
            Committed++;
        }
        else if (round.LeftOut.Count == 0 && round.Members.Values.All(member => member.State == MemberState.NotNeeded || member.IsUnchanged))
        {
            NothingToDo++;
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
