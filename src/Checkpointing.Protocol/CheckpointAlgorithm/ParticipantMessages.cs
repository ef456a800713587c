using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>What the coordinator tells a participant.</summary>
internal abstract record ToParticipant(RoundNumber Round);

/// <summary>
/// "Take a tentative checkpoint, and last_rmsg_q(p)": each claim is a label that a member of the round received from this participant.
/// A participant that was asked for by name joins whatever its labels say.
/// </summary>
internal sealed record JoinRound(RoundNumber Round, bool IsInitiator, ImmutableArray<LabelClaim> Claims) : ToParticipant(Round);

/// <summary>last_rmsg_q(p), seen from p: q has received this label from the participant that is asked.</summary>
internal readonly record struct LabelClaim(ParticipantId Receiver, MessageLabel LastLabelReceived);

/// <summary>At your next quiescent instant, copy state and ledger in memory.</summary>
internal sealed record TakeSnapshot(RoundNumber Round, int Attempt) : ToParticipant(Round);

/// <summary>
/// Verified: go on with the application, write this snapshot to your free slot under this number, and vote. It names the life that took the
/// snapshot: a later life that took one for the same round, asked by copies of old messages, must not store that one in its place.
/// </summary>
internal sealed record StoreSnapshot(RoundNumber Round, int Attempt, Incarnation Incarnation, RoundNumber Number) : ToParticipant(Round);

/// <summary>"Make permanent": the round is recorded as committed.</summary>
internal sealed record MakePermanent(RoundNumber Round) : ToParticipant(Round);

/// <summary>"Undo the tentative checkpoint": the round will never be committed.</summary>
internal sealed record UndoTentative(RoundNumber Round) : ToParticipant(Round);

/// <summary>The answer to <see cref="AskDecision"/>.</summary>
internal sealed record DecisionAnswered(RoundNumber Round, Decision Decision) : ToParticipant(Round);

/// <summary>This round, in which you took part, is committed, and you may prove that by your own storage.</summary>
internal sealed record ProveDecision(RoundNumber Round) : ToParticipant(Round);

/// <summary>What the coordinator knows of a round (SPEC K7).</summary>
internal enum Decision
{
    /// <summary>Still running: ask again.</summary>
    Undecided,

    Committed,

    Aborted,

    /// <summary>The coordinator's record cannot know: it is younger than the round, or another one. Nothing may be discarded for this answer.</summary>
    Forgotten,
}

/// <summary>What a participant tells the coordinator.</summary>
internal abstract record ToCoordinator(RoundNumber Round, ParticipantId From);

/// <summary>In the round: the gate is closed. Sent at once with the receipts so far (SPEC K18), and again as Drained at the first quiescent instant.</summary>
internal sealed record Joined(
    RoundNumber Round,
    ParticipantId From,
    bool Drained,
    CheckpointMark PermanentMark,
    ImmutableArray<Receipt> Receipts,
    ImmutableArray<FirstLabelSent> FirstLabelsSent) : ToCoordinator(Round, From);

/// <summary>first_smsg_p(q) of the paper, reported next to the claim that it answers; sequence 0 stands for ⊥.</summary>
internal readonly record struct FirstLabelSent(ParticipantId Receiver, long Sequence);

/// <summary>All claimed labels were sent before the permanent checkpoint, whose mark is attached: it also answers later claims.</summary>
internal sealed record NotNeeded(RoundNumber Round, ParticipantId From, CheckpointMark PermanentMark) : ToCoordinator(Round, From);

/// <summary>The claimed label is undone work: the claiming member is an orphan.</summary>
internal sealed record OrphanFound(RoundNumber Round, ParticipantId From, ImmutableArray<LabelClaim> Orphans) : ToCoordinator(Round, From);

/// <summary>An earlier round is not decided here yet; until then no new tentative checkpoint can be taken.</summary>
internal sealed record StillInDoubt(RoundNumber Round, ParticipantId From, RoundNumber Undecided) : ToCoordinator(Round, From);

/// <summary>willing_to_ckpt is no, or the state could not be captured: the participant left the round.</summary>
internal sealed record Refused(RoundNumber Round, ParticipantId From, RefusalReason Reason, string Detail) : ToCoordinator(Round, From);

internal enum RefusalReason
{
    Unwilling,
    CaptureFailed,
    AwaitsThisRound,

    /// <summary>It is an orphan, and what it did since its checkpoint will be undone.</summary>
    RollsBack,
}

/// <summary>The tentative checkpoint, in memory: its mark and the receipts of its interval.</summary>
internal sealed record SnapshotTaken(RoundNumber Round, ParticipantId From, int Attempt, TentativeCheckpoint Snapshot, bool IsUnchanged)
    : ToCoordinator(Round, From);

/// <summary>Yes: the snapshot is durable in its slot. No: it is not, or nobody knows.</summary>
internal sealed record Voted(RoundNumber Round, ParticipantId From, bool Yes, string Detail) : ToCoordinator(Round, From);

/// <summary>Asked again to store its snapshot while it is doing so.</summary>
internal sealed record StillStoring(RoundNumber Round, ParticipantId From) : ToCoordinator(Round, From);

/// <summary>Asked about a round this participant has left, lost or never heard of.</summary>
internal sealed record NotInRound(RoundNumber Round, ParticipantId From) : ToCoordinator(Round, From);

/// <summary>Asked to join a round of an epoch that is over: this participant has met a younger one.</summary>
internal sealed record YoungerRoundSeen(RoundNumber Round, ParticipantId From, RoundNumber Younger) : ToCoordinator(Round, From);

/// <summary>The decision has arrived.</summary>
internal sealed record DecisionLearned(RoundNumber Round, ParticipantId From) : ToCoordinator(Round, From);

/// <summary>This participant's own storage proves the round committed: it will never ask for the decision of that one or an older one again.</summary>
internal sealed record DecisionProven(RoundNumber Round, ParticipantId From) : ToCoordinator(Round, From);

/// <summary>In doubt: what became of this round?</summary>
internal sealed record AskDecision(RoundNumber Round, ParticipantId From) : ToCoordinator(Round, From);
