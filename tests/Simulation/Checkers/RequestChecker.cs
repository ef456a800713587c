using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Everybody who asks for a checkpoint is answered, and who asks from inside a chain that would have to be drained does not wait for that (SPEC K14).</summary>
internal sealed class RequestChecker(SimulatedCluster cluster)
{
    private readonly SortedDictionary<long, long> _asked = [];
    private readonly SortedDictionary<long, IReadOnlyList<string>> _awaitedBy = [];
    private readonly SortedSet<long> _metByItsRound = [];

    public int Asked { get; private set; }

    public int Committed { get; private set; }

    public int NothingToDo { get; private set; }

    public SortedDictionary<AbortReason, int> Aborted { get; } = [];

    public int Lost { get; private set; }

    /// <summary>The coordinator hears that a participant has joined: the requests that the round serves and that are awaited inside its chain can be refused now.</summary>
    public void OnJoined(RoundNumber number, string participant)
    {
        var round = cluster.Coordinator.Coordinator?.Round;
        foreach (var request in round is not null && round.Number == number ? round.Requests : [])
        {
            if (_awaitedBy.GetValueOrDefault(request.Id)?.Contains(participant) == true)
            {
                _metByItsRound.Add(request.Id);
            }
        }
    }

    public Action<CheckpointOutcome?> OnAsked(long id, IReadOnlyList<string> awaitedBy, Action<CheckpointOutcome?> done)
    {
        _awaitedBy.Add(id, awaitedBy);
        Asked++;
        _asked.Add(id, cluster.Time.Now);
        return outcome =>
        {
            if (!_asked.Remove(id, out var since))
            {
                cluster.Judges.Report("requests", $"request {id} was answered twice");
            }

            Count(outcome);
            var isCertain = cluster.Faults.Profile is { LosesNoControlMessage: true, ControlDelayed: 0 };
            if (isCertain && _metByItsRound.Contains(id) && outcome is CheckpointAborted { Reason: AbortReason.TooBusy } busy)
            {
                cluster.Judges.Report("requests", $"request {id} waited {cluster.Time.Now - since} ms for a chain that waited for it: {busy.Detail}");
            }

            done(outcome);
        };
    }

    public void JudgeAllAnswered()
    {
        if (_asked.Count > 0)
        {
            cluster.Judges.Report("requests", $"request {_asked.Keys.First()} was never answered");
        }
    }

    private void Count(CheckpointOutcome? outcome)
    {
        switch (outcome)
        {
            case null:
                Lost++;
                break;
            case CheckpointCommitted:
                Committed++;
                break;
            case NothingToCheckpoint:
                NothingToDo++;
                break;
            case CheckpointAborted aborted:
                Aborted[aborted.Reason] = Aborted.GetValueOrDefault(aborted.Reason) + 1;
                break;
        }
    }
}
