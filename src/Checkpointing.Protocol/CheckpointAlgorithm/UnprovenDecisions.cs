using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>Rounds that this life of the coordinator has committed, with the members whose own storage does not prove it yet (SPEC K7).</summary>
internal sealed class UnprovenDecisions
{
    private readonly Dictionary<RoundNumber, HashSet<ParticipantId>> _members = [];

    public void Add(RoundNumber number, HashSet<ParticipantId> members) => _members[number] = members;

    public void OnProven(DecisionProven proven)
    {
        if (_members.TryGetValue(proven.Round, out var members) && members.Remove(proven.From) && members.Count == 0)
        {
            _members.Remove(proven.Round);
        }
    }

    /// <summary>Whether every member of every round of this run has proven it.</summary>
    public bool IsProven(CommittedRun run) => !_members.Keys.Any(run.Contains);
}
