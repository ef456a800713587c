using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>Somebody asks that these participants take a checkpoint.</summary>
/// <param name="Id">Chosen by the host; comes back in <see cref="CompleteRequest"/>.</param>
/// <param name="Initiators">Who must take a checkpoint, with whomever that draws in.</param>
/// <param name="AwaitedBy">Participants in whose call chain the caller waits for the result: a round that must drain one of them can never end (SPEC K14).</param>
internal sealed record CheckpointRequest(long Id, ImmutableArray<ParticipantId> Initiators, ImmutableArray<ParticipantId> AwaitedBy)
{
    /// <summary>How many rounds have tried.</summary>
    public int Attempts { get; init; }
}

/// <summary>What became of a request.</summary>
internal abstract record CheckpointOutcome;

internal sealed record CheckpointCommitted(RoundReport Report) : CheckpointOutcome;

internal sealed record CheckpointAborted(AbortReason Reason, ParticipantId? Culprit, string Detail, RoundReport Report) : CheckpointOutcome;

/// <summary>State, sends and receipts of every initiator are as in its permanent checkpoint (SPEC K4).</summary>
internal sealed record NothingToCheckpoint(RoundReport Report) : CheckpointOutcome;

/// <summary>Why a participant, and with it its component, was left out of the decision.</summary>
internal enum AbortReason
{
    /// <summary>willing_to_ckpt was no.</summary>
    Unwilling,

    /// <summary>Its state could not be copied.</summary>
    CaptureFailed,

    /// <summary>Its running call chains did not end, or messages kept overtaking its snapshot, within the pause bound.</summary>
    TooBusy,

    /// <summary>It depends on undone work.</summary>
    OrphanFound,

    /// <summary>It could not be reached, or was lost or restarted during the round.</summary>
    Lost,

    /// <summary>Its snapshot is not durable, or nobody knows whether it is.</summary>
    NotStored,

    /// <summary>It has not heard the decision of an earlier round, and cannot join before.</summary>
    StillInDoubt,

    /// <summary>The request is awaited inside a call chain that its own round has to drain.</summary>
    AwaitedInsideRound,

    /// <summary>The decision could not be recorded.</summary>
    DecisionNotStored,

    /// <summary>Another life of the coordinator has taken over.</summary>
    Superseded,
}

/// <summary>A round in numbers, and why each member was in it.</summary>
internal sealed record RoundReport(
    RoundNumber Round,
    ImmutableArray<MemberReport> Committed,
    ImmutableArray<(ParticipantId Participant, AbortReason Reason, string Detail)> LeftOut,
    int Retakes)
{
    public static RoundReport Empty { get; } = new(RoundNumber.None, [], [], 0);
}

/// <summary>
/// One member of a committed component. Drawn in by a peer: both values of the paper's predicate are given next to the mark that our own
/// comparison used; the initiator has none.
/// </summary>
internal sealed record MemberReport(
    ParticipantId Participant,
    RoundNumber Number,
    ParticipantId? DrawnInBy,
    MessageLabel LastLabelReceived,
    long FirstLabelSent,
    CheckpointMark PreviousMark);
