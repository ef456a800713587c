using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// Persist and Decide (SPEC D7, steps 4–6). The verified round is split into its connected components (SPEC K8); each has a number of its own and
/// needs every vote of its own members, and one write commits all that have them.
/// </summary>
internal sealed class RoundVote
{
    private readonly CheckpointRound? _round;
    private readonly ImmutableArray<CoordinatorEffect>.Builder _effects;
    private readonly SortedDictionary<RoundNumber, List<RoundMember>> _components = [];
    private readonly Dictionary<RoundNumber, (ParticipantId? Culprit, AbortReason Reason, string Detail)> _failed = [];

    private RoundVote(CheckpointRound? round, ImmutableArray<CoordinatorEffect>.Builder effects)
    {
        _round = round;
        _effects = effects;
    }

    /// <summary>The vote of a round that nobody is left in.</summary>
    public static RoundVote None { get; } = new(null, ImmutableArray.CreateBuilder<CoordinatorEffect>());

    /// <summary>The first number given to a component.</summary>
    public long FirstNumber => _components.Keys.First().Number;

    /// <summary>The last number given to a component; 0 if there is none.</summary>
    public long LastNumber => _components.Count == 0 ? 0 : _components.Keys.Last().Number;

    public bool IsComplete => _failed.Count == 0
        ? _round is null || _round.Tally[MemberState.Storing] == 0
        : _components.All(component => _failed.ContainsKey(component.Key) || component.Value.All(member => member.State == MemberState.VotedYes));

    public static RoundVote Begin(CheckpointRound round, ImmutableArray<CoordinatorEffect>.Builder effects)
    {
        var vote = new RoundVote(round, effects);
        var number = round.Number;
        foreach (var component in CheckpointCohort.Components(round.Members))
        {
            if (component.All(member => member.IsUnchanged))
            {
                // K4: nothing moved since the permanent checkpoint, so nothing is written.
                component.ForEach(member => vote.Send(member, new UndoTentative(round.Number)));
                continue;
            }

            vote._components.Add(number, component);
            foreach (var member in component)
            {
                member.State = MemberState.Storing;
                member.Number = number;
                vote.SendStore(member);
            }

            number = number.Next();
        }

        return vote;
    }

    public bool Contains(RoundNumber number) => _components.ContainsKey(number);

    public bool HasFailed(RoundNumber number) => _failed.ContainsKey(number);

    public bool Expects(RoundNumber number, ParticipantId participant) =>
        _components.ContainsKey(number)
        && _round!.Members.TryGetValue(participant, out var member)
        && member.State == MemberState.Storing
        && member.Number == number;

    public void OnVote(ParticipantId participant, bool yes, string detail)
    {
        var member = _round!.Members[participant];
        if (yes)
        {
            member.State = MemberState.VotedYes;
        }
        else
        {
            member.State = MemberState.LeftOut;
            _failed.TryAdd(member.Number, (participant, AbortReason.NotStored, detail));
        }
    }

    public void OnVoteDue()
    {
        foreach (var (number, component) in _components)
        {
            if (component.Find(member => member.State == MemberState.Storing) is { } late)
            {
                _failed.TryAdd(number, (late.Id, AbortReason.NotStored, "it did not vote in time"));
            }
        }
    }

    /// <summary>Only who has stored its snapshot is in doubt: its Yes was lost.</summary>
    public void OnAskDecision(AskDecision ask)
    {
        if (Expects(ask.Round, ask.From))
        {
            OnVote(ask.From, yes: true, "");
        }
    }

    public void OnStillStoring(StillStoring storing)
    {
        if (Expects(storing.Round, storing.From))
        {
            _round!.Members[storing.From].IsKnownToStore = true;
        }
    }

    /// <summary>
    /// Who is known to be storing has lost nothing yet. Its Yes, if that is lost, is known by its question for the decision; its No only by asking
    /// again, for which the longest interval is soon enough.
    /// </summary>
    public void Resend(int count)
    {
        foreach (var member in _components.Values.SelectMany(component => component))
        {
            if (member.State == MemberState.Storing && (!member.IsKnownToStore || count >= RoundTimer.LongestResend))
            {
                SendStore(member);
            }
        }
    }

    public void Fail(AbortReason reason, string detail)
    {
        foreach (var number in _components.Keys)
        {
            _failed.TryAdd(number, (null, reason, detail));
        }
    }

    /// <summary>The components that have not failed, with those who will have to prove it by their own storage if they are committed.</summary>
    public IReadOnlyDictionary<RoundNumber, ImmutableArray<ParticipantId>> Committed() => _components
        .Where(component => !_failed.ContainsKey(component.Key))
        .ToDictionary(component => component.Key, component => component.Value.Select(member => member.Id).ToImmutableArray());

    /// <summary>Tells every member what the record says now.</summary>
    public void SpreadDecision()
    {
        foreach (var (number, component) in _components)
        {
            if (_failed.ContainsKey(number))
            {
                component.ForEach(member => Send(member, new UndoTentative(number)));
                continue;
            }

            component.ForEach(member => Send(member, new MakePermanent(number)));
        }
    }

    public void SpreadUndo()
    {
        foreach (var (number, component) in _components)
        {
            component.ForEach(member => Send(member, new UndoTentative(number)));
        }
    }

    /// <summary>What the round has come to. A member of a component that failed was left out by the fault of the one that failed.</summary>
    public RoundReport Report(CheckpointRound round) => round.Report(
        IsCommitted,
        from failure in _failed
        from member in _components[failure.Key]
        select new LeftOutMember(member.Id, failure.Value.Reason, failure.Value.Culprit, failure.Value.Detail));

    private bool IsCommitted(RoundMember member) =>
        !member.Number.IsNone && _components.ContainsKey(member.Number) && !_failed.ContainsKey(member.Number);

    private void SendStore(RoundMember member) =>
        Send(member, new StoreSnapshot(_round!.Number, member.Attempt, member.Snapshot!.Mark.Label.Incarnation, member.Number));

    private void Send(RoundMember member, ToParticipant message) => _effects.Add(new SendToParticipant(member.Id, message));
}
