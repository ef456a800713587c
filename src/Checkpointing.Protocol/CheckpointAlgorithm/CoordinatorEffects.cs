using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>What the coordinator asks of its host. Effects are performed in list order.</summary>
internal abstract record CoordinatorEffect;

internal sealed record SendToParticipant(ParticipantId To, ToParticipant Message) : CoordinatorEffect;

/// <summary>Write the record under its ETag, then call <see cref="CheckpointCoordinator.OnRecordWritten"/>.</summary>
internal sealed record WriteRecord(DecisionRecord Record) : CoordinatorEffect;

/// <summary>Read the record and its ETag, then call <see cref="CheckpointCoordinator.OnRecordRead"/>.</summary>
internal sealed record ReadRecord : CoordinatorEffect;

/// <summary>Call <see cref="CheckpointCoordinator.OnTimer"/> with the same timer after the time that the host has for its kind.</summary>
internal sealed record StartTimer(RoundTimer Timer) : CoordinatorEffect;

internal sealed record CompleteRequest(long RequestId, CheckpointOutcome Outcome, int Attempts) : CoordinatorEffect;

/// <summary>A member is an orphan of undone work; only a rollback can help it.</summary>
internal sealed record ReportOrphan(ParticipantId Orphan, ParticipantId Sender, MessageLabel UndoneLabel) : CoordinatorEffect;

/// <summary>Another life has taken over: this one must not act any more.</summary>
internal sealed record Retire : CoordinatorEffect;

/// <summary>A timer of one round; late ones are ignored.</summary>
internal readonly record struct RoundTimer(RoundTimerKind Kind, RoundNumber Round, int Count = 0)
{
    /// <summary>The pause before <see cref="RoundTimerKind.ResendDue"/> doubles with its Count up to this one, and then stays the same.</summary>
    public const int LongestResend = 4;
}

internal enum RoundTimerKind
{
    /// <summary>The part of the pause that may be spent on draining is over: leave out who is still busy.</summary>
    DrainDue,

    /// <summary>The pause bound is reached: every gate must open now.</summary>
    PauseDue,

    /// <summary>Back-off before a snapshot is taken again; <see cref="RoundTimer.Count"/> says for which time.</summary>
    RetakeDue,

    /// <summary>Ask again whoever has not answered; Count says how often the votes were asked for again.</summary>
    ResendDue,

    /// <summary>Whoever has not voted by now has voted No.</summary>
    VoteDue,

    /// <summary>Pause before the next attempt of a failed round; Count is the number of attempts so far.</summary>
    RetryDue,

    /// <summary>Some time has passed since a round was committed: <see cref="RoundTimer.Round"/>, the newest one then, and all before it ought to be proven by now.</summary>
    ProofsDue,

    /// <summary>A short pause, so that not everybody is asked for a proof at once.</summary>
    NextProofsDue,

    /// <summary>Try again to learn what a write with an unknown outcome has done.</summary>
    RecordDue,
}

/// <summary>How a write of the record ended.</summary>
internal enum RecordWriteOutcome
{
    Stored,

    /// <summary>Not stored: the ETag was stale, somebody else wrote.</summary>
    Stale,

    /// <summary>It may or may not have been stored, now or later.</summary>
    Unknown,
}
