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

    public int PartlyCommitted { get; private set; }

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

    public Action<CheckpointOutcome?> OnAsked(
        long id, IReadOnlyCollection<string> initiators, IReadOnlyList<string> awaitedBy, Action<CheckpointOutcome?> done)
    {
        var life = cluster.LifeNumber;
        var changes = cluster.Participants.Where(participant => initiators.Contains(participant.Name))
            .ToDictionary(participant => participant.Name, participant => (Activation: participant, participant.State.LastChange));
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
            // What was lost or undone meanwhile cannot be permanent.
            bool IsPermanent(string name) => life != cluster.LifeNumber
                || changes[name].Activation is { IsOver: true } or { Silo.IsDeclaredDead: true }
                || cluster.Judges.Permanent.LastPermanentChangeOf(name) >= changes[name].LastChange;
            if (outcome is not null && OutcomeChecker.FindUntruth(outcome, initiators, IsPermanent) is { } untruth)
            {
                cluster.Judges.Report("true outcomes", $"request {id} was told an untruth: {untruth}");
            }

            var isCertain = cluster.Faults.Profile is { LosesNoControlMessage: true, ControlDelayed: 0 };
            if (isCertain && _metByItsRound.Contains(id) && FailureOf(outcome) is { Reason: AbortReason.TooBusy } busy)
            {
                cluster.Judges.Report("requests", $"request {id} waited {cluster.Time.Now - since} ms for a chain that waited for it: {busy.Detail}");
            }

            done(outcome);
        };
    }

    private static LeftOutMember? FailureOf(CheckpointOutcome? outcome) => outcome switch
    {
        CheckpointPartlyCommitted partly => partly.First,
        CheckpointAborted aborted => aborted.First,
        _ => null,
    };

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
            case CheckpointPartlyCommitted:
                PartlyCommitted++;
                break;
            case CheckpointAborted { First.Reason: var reason }:
                Aborted[reason] = Aborted.GetValueOrDefault(reason) + 1;
                break;
        }
    }
}
