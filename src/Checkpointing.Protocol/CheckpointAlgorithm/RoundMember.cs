using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>What the coordinator knows of one participant that it asked to join.</summary>
internal sealed class RoundMember
{
    private readonly List<LabelClaim> _claims = [];
    private readonly MemberTally _tally;
    private MemberState _state = MemberState.Asked;

    public RoundMember(ParticipantId id, MemberTally tally)
    {
        Id = id;
        _tally = tally;
        _tally.Add(_state);
    }

    public ParticipantId Id { get; }

    public MemberState State
    {
        get => _state;
        set
        {
            _tally.Remove(_state);
            _tally.Add(value);
            _state = value;
        }
    }

    public bool IsInitiator { get; set; }

    /// <summary>The claims that were sent to it; the first one is why it was drawn in.</summary>
    public IReadOnlyList<LabelClaim> Claims => _claims;

    /// <summary>Its mark when it joined, or the one with which it said "not needed".</summary>
    public CheckpointMark PermanentMark { get; set; } = CheckpointMark.Initial;

    public ImmutableArray<Receipt> Receipts { get; set; } = [];

    public Dictionary<ParticipantId, long> FirstLabelsSent { get; } = [];

    /// <summary>The attempt last asked for; 0 before the first.</summary>
    public int Attempt { get; set; }

    public TentativeCheckpoint? Snapshot { get; set; }

    public bool IsUnchanged { get; set; }

    /// <summary>The earlier round that keeps it from joining this one, as its last answer said; none if it was not that.</summary>
    public RoundNumber Undecided { get; set; }

    public RoundNumber Number { get; set; }

    /// <summary>It has said that it is storing its snapshot.</summary>
    public bool IsKnownToStore { get; set; }

    public bool IsIn => State is MemberState.Draining or MemberState.Drained or MemberState.Snapped;

    public bool HasClaimed(LabelClaim claim) => _claims.Contains(claim);

    public void Claim(LabelClaim claim) => _claims.Add(claim);

    public JoinRound Join(RoundNumber round) => new(round, IsInitiator, [.. _claims]);
}

internal enum MemberState
{
    /// <summary>Asked to join, no answer yet.</summary>
    Asked,

    /// <summary>All it was asked for is covered by its permanent checkpoint. Not a member.</summary>
    NotNeeded,

    Draining,

    Drained,

    /// <summary>Has answered the last attempt that it was asked for.</summary>
    Snapped,

    Storing,

    VotedYes,

    /// <summary>Left out, with everybody who depends on it, or released because nobody did. It cannot come back in this round.</summary>
    LeftOut,
}
