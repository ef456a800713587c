using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// Committed rounds with the members whose own storage does not prove them yet (SPEC K7): those of this life of the coordinator, and those of earlier
/// lives whose members the record names.
/// </summary>
internal sealed class UnprovenDecisions
{
    /// <summary>Passes in which a member is not asked again double with every time it was, up to this power of two.</summary>
    private const int LongestPatience = 6;

    private readonly Dictionary<ParticipantId, Member> _members = [];
    private readonly Dictionary<RoundNumber, int> _unproven = [];
    private readonly HashSet<CommittedRun> _inherited = [];

    public bool IsEmpty => _members.Count == 0;

    /// <summary>What the record of an earlier life names. Runs that it does not name are not known to be proven, ever.</summary>
    public void Inherit(DecisionRecord record)
    {
        foreach (var named in record.Unproven)
        {
            _inherited.Add(named.Run);
            foreach (var (participant, number) in named.Members)
            {
                Add(new RoundNumber(named.Run.Epoch, number), participant);
            }
        }
    }

    public void Add(RoundNumber number, IEnumerable<ParticipantId> members)
    {
        foreach (var member in members)
        {
            Add(number, member);
        }
    }

    /// <summary>The decision was not stored after all.</summary>
    public void Withdraw(RoundNumber number)
    {
        if (_unproven.Remove(number))
        {
            foreach (var (participant, member) in _members.ToList())
            {
                if (member.Rounds.Remove(number) && member.Rounds.Count == 0)
                {
                    _members.Remove(participant);
                }
            }
        }
    }

    /// <summary>The newest slot of this participant rests on the proven round. So it will not ask for any round up to that one, ever.</summary>
    public void OnProven(DecisionProven proven)
    {
        if (!_members.TryGetValue(proven.From, out var member))
        {
            return;
        }

        while (member.Rounds.Count > 0 && member.Rounds.Min <= proven.Round)
        {
            var round = member.Rounds.Min;
            member.Rounds.Remove(round);
            if (--_unproven[round] == 0)
            {
                _unproven.Remove(round);
            }
        }

        if (member.Rounds.Count == 0)
        {
            _members.Remove(proven.From);
        }
    }

    /// <summary>Whether every member of every round of this run is known, and has proven it.</summary>
    public bool IsProven(CommittedRun run, long epoch) => IsKnown(run, epoch) && !_unproven.Keys.Any(run.Contains);

    /// <summary>Members that have a round to prove that is no younger than this one, each with its newest; not those that were asked in vain shortly before.</summary>
    public IReadOnlyList<(ParticipantId Participant, RoundNumber Round)> NextToAsk(RoundNumber upTo, long pass, int most)
    {
        var next = new List<(ParticipantId, RoundNumber)>();
        foreach (var (participant, member) in _members)
        {
            if (next.Count == most)
            {
                break;
            }

            if (member.NextPass <= pass && member.Rounds.Min <= upTo)
            {
                member.NextPass = pass + (1L << Math.Min(member.TimesAsked++, LongestPatience));
                next.Add((participant, member.Rounds.Max));
            }
        }

        return next;
    }

    /// <summary>
    /// The names that go into a record with these runs, so that the next life knows whom to wait for: of every run all that are left or, if they do
    /// not fit any more, none. The oldest come first: they have fitted before.
    /// </summary>
    public ImmutableArray<UnprovenRun> Name(ImmutableArray<CommittedRun> runs, long epoch)
    {
        var members = new Dictionary<CommittedRun, List<UnprovenMember>>();
        foreach (var (participant, member) in _members)
        {
            CommittedRun? last = null;
            foreach (var round in member.Rounds.Reverse())
            {
                // Who has proven its newest round of a run has proven the older ones of it.
                if (last?.Contains(round) != true && RunOf(round) is { } run)
                {
                    last = run;
                    if (!members.TryGetValue(run, out var list))
                    {
                        members.Add(run, list = []);
                    }

                    list.Add(new UnprovenMember(participant, round.Number));
                }
            }
        }

        var named = ImmutableArray.CreateBuilder<UnprovenRun>();
        var left = DecisionRecord.MostBytesOfNames;
        foreach (var run in runs.Where(run => IsKnown(run, epoch)))
        {
            var names = members.GetValueOrDefault(run) ?? [];
            var size = names.Sum(member => member.Size);
            if (size <= left)
            {
                left -= size;
                named.Add(new UnprovenRun(run, [.. names]));
            }
        }

        return named.ToImmutable();

        CommittedRun? RunOf(RoundNumber round)
        {
            for (var i = runs.Length - 1; i >= 0; i--)
            {
                if (runs[i].Contains(round))
                {
                    return runs[i];
                }
            }

            return null;
        }
    }

    private bool IsKnown(CommittedRun run, long epoch) => run.Epoch == epoch || _inherited.Contains(run);

    private void Add(RoundNumber number, ParticipantId participant)
    {
        if (!_members.TryGetValue(participant, out var member))
        {
            _members.Add(participant, member = new Member());
        }

        if (member.Rounds.Add(number))
        {
            _unproven[number] = _unproven.GetValueOrDefault(number) + 1;
        }
    }

    private sealed class Member
    {
        public SortedSet<RoundNumber> Rounds { get; } = [];

        public int TimesAsked { get; set; }

        public long NextPass { get; set; }
    }
}
