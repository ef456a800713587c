using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Looks at stable storage after every write that lands: are the permanent checkpoints consistent, whole, minimal, and never undone?</summary>
internal sealed class PermanentJudge(SimulatedCluster cluster)
{
    private readonly SortedDictionary<string, ActorState> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _generations = [];
    private readonly Dictionary<WriteStamp, HashSet<string>> _initiators = [];

    /// <summary>How many checkpoints became permanent.</summary>
    public int CheckpointsMade { get; private set; }

    public int LargestRound { get; private set; }

    public int RoundsJudgedMinimal { get; private set; }

    public ActorState StateOf(string participant) => _states.GetValueOrDefault(participant) ?? new ActorState();

    public int LastPermanentChangeOf(string participant) => _states.GetValueOrDefault(participant)?.LastChange ?? 0;

    public void OnDecisionWrite(WriteStamp stamp, IEnumerable<string> initiators) => _initiators[stamp] = [.. initiators];

    public void OnStorageChanged(DecisionRecord? decision)
    {
        if (cluster.Slots.Keys.Count() > 2 * cluster.Participants.Count)
        {
            cluster.Judges.Report("two slots", "more than two slots for a participant");
        }

        var before = new SortedDictionary<string, ActorState>(_states, StringComparer.Ordinal);
        var changed = new List<string>();
        var numbers = new List<(string, RoundNumber)>();
        foreach (var participant in cluster.Participants)
        {
            var (permanent, damage) = PermanentCut.Of(cluster, participant.Name);
            if (damage is not null)
            {
                cluster.Judges.Report("permanent checkpoints", $"{participant.Name}: {damage}");
            }

            var generation = permanent?.Head.Generation ?? 0;
            var known = _generations.GetValueOrDefault(participant.Name);
            if (generation < known)
            {
                cluster.Judges.Report("permanent checkpoints", $"the permanent checkpoint {known} of {participant.Name} was undone");
            }

            if (generation != known || !_states.ContainsKey(participant.Name))
            {
                _generations[participant.Name] = generation;
                _states[participant.Name] = permanent?.State ?? new ActorState();
                before.TryAdd(participant.Name, new ActorState());
                cluster.Judges.LifeEnds.OnPermanent(participant.Name, permanent);
                if (generation != known)
                {
                    changed.Add(participant.Name);
                    numbers.Add((participant.Name, permanent!.Head.Round));
                }
            }
        }

        if (changed.Count == 0)
        {
            return;
        }

        if (decision is null)
        {
            cluster.Judges.Report("permanent checkpoints", $"a checkpoint of {changed[0]} became permanent without a decision");
            return;
        }

        CheckpointsMade += changed.Count;
        LargestRound = Math.Max(LargestRound, changed.Count);
        cluster.Trace.Line($"    permanent now: {string.Join(", ", changed)}");
        Judge();
        cluster.Judges.Writes.OnCommitted(numbers);
        cluster.Judges.Rounds.OnCommitted(numbers);
        if (_initiators.TryGetValue(decision.Stamp, out var initiators))
        {
            RoundsJudgedMinimal += changed.Any(member => !initiators.Contains(member)) ? 1 : 0;
            if (MinimalityChecker.FindNeedless(before, _states, changed, initiators, cluster.EventsOfParticipants) is { } needless)
            {
                cluster.Judges.Report("minimality", needless);
            }
        }
    }

    /// <summary>Also called when calls may have completed since.</summary>
    public void Judge()
    {
        if (_states.Count == 0)
        {
            return;
        }

        if (OrphanMessageChecker.FindOrphan(_states, cluster.EventsOfParticipants) is { } orphan)
        {
            cluster.Judges.Report("orphan message", $"the permanent checkpoint of {orphan.Receiver} has received m{orphan.Message}, and no permanent checkpoint has sent it");
        }

        if (_states.FirstOrDefault(state => cluster.Judges.Rollbacks.HasLostCall(state.Key, state.Value)) is { Key: { } loser })
        {
            cluster.Judges.Report("whole chains", $"the permanent checkpoint of {loser} remembers a call that was lost");
        }

        if (_states.FirstOrDefault(state => state.Value.RanOneTwice) is { Key: { } twice })
        {
            cluster.Judges.Report("runs once", $"the permanent checkpoint of {twice} has run a call twice");
        }

        if (WholeChainChecker.FindHalfChain(_states, cluster.Calls) is { } half)
        {
            cluster.Judges.Report("whole chains", half);
        }
    }

    public void OnRestarted(CheckpointedActor participant, ActorState state)
    {
        // While an earlier life still runs on a silo that is believed to be gone, its checkpoint may become permanent after this life has read its slots, which takes
        // long if its silo is paused; then the new life must stop, which is judged at rest.
        var hasRival = cluster.Activations.Exists(other => other != participant && other.DiedAt >= participant.CreatedAt && other.Name == participant.Name);
        if (!hasRival && !StateOf(participant.Name).SameAs(state))
        {
            cluster.Judges.Report("permanent checkpoints", $"{participant.Name} has not restarted from its permanent checkpoint");
        }
    }

    /// <summary>After a checkpoint of everybody on an idle system, nothing is missing from storage.</summary>
    public void JudgeNothingIsMissing()
    {
        foreach (var participant in cluster.Participants)
        {
            var permanent = _states.GetValueOrDefault(participant.Name) ?? new ActorState();
            if (permanent.LastChange != participant.State.LastChange || !permanent.Happened.SetEquals(participant.State.Happened))
            {
                cluster.Judges.Report("progress", $"{participant.Name} differs from its permanent checkpoint after a checkpoint of everybody");
            }
        }
    }
}
