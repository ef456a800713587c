using System.Collections.Immutable;

namespace Checkpointing;

/// <summary>How a request for a rollback ended.</summary>
public enum RollbackStatus
{
    /// <summary>All participants have rolled back to their permanent checkpoints, or do before they take the next call.</summary>
    RolledBack,

    /// <summary>Nobody has rolled back, and nothing was lost; only with <see cref="RollbackAbortReason.CoordinatorReplaced"/> and <see cref="RollbackAbortReason.OutcomeUnknown"/> may it have happened all the same.</summary>
    Aborted,

    /// <summary>A preview: the participants would roll back.</summary>
    Preview,
}

/// <summary>Why a rollback was aborted.</summary>
public enum RollbackAbortReason
{
    /// <summary>Nothing failed.</summary>
    None,

    /// <summary>A grain that would have had to roll back said no (<see cref="ICheckpointObserver.WillingToRollBack"/>).</summary>
    Unwilling,

    /// <summary>Call chains did not end within <c>MaxPause</c>.</summary>
    TooBusy,

    /// <summary>The loss of a silo was being dealt with, and that comes first.</summary>
    LossComesFirst,

    /// <summary>A participant could not be reached within <c>MaxPause</c>, restarted meanwhile, or had gone on because it had not heard of the coordinator for too long.</summary>
    ParticipantLost,

    /// <summary>The coordinator was replaced while the request waited. The rollback may have happened all the same.</summary>
    CoordinatorReplaced,

    /// <summary>
    /// A silo of the cluster does not have this library, or a version that speaks differently: calls there carry no dependencies, so nobody knows which grains must go together.
    /// </summary>
    SilosDiffer,

    /// <summary>
    /// The grain was told to roll back, which decides for all, and could not be reached for 15 s since. The rollback may have happened all the same.
    /// </summary>
    OutcomeUnknown,
}

/// <summary>What a request for a rollback came to. A value: an aborted rollback is an outcome, not an error.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.rollback-result.v1")]
public sealed record RollbackResult
{
    /// <summary>How it ended.</summary>
    [Id(0)]
    public required RollbackStatus Status { get; init; }

    /// <summary>Why it was aborted, if it was.</summary>
    [Id(1)]
    public RollbackAbortReason Reason { get; init; }

    /// <summary>What failed, what still holds and what to do; empty unless aborted.</summary>
    [Id(2)]
    public string Detail { get; init; } = "";

    /// <summary>Who rolls back, first the grain that was asked for. Of an aborted request, whom it would have concerned, as far as that was known.</summary>
    [Id(3)]
    public ImmutableArray<RolledBackParticipant> Participants { get; init; } = [];

    /// <summary>From the request to its outcome.</summary>
    [Id(4)]
    public TimeSpan Duration { get; init; }
}

/// <summary>One grain that rolls back.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.rolled-back-participant.v1")]
public sealed record RolledBackParticipant
{
    /// <summary>Which grain.</summary>
    [Id(0)]
    public required GrainId GrainId { get; init; }

    /// <summary>The grain from which it has received what would be undone; null for the grain that was asked for.</summary>
    [Id(1)]
    public GrainId? DrawnInBy { get; init; }

    /// <summary>last_rmsg of the paper: the label that it received from that grain; 0 for the grain that was asked for.</summary>
    [Id(2)]
    public long LastLabelReceived { get; init; }

    /// <summary>last_smsg of the paper: the last label that the permanent checkpoint of that grain remembers. The one that was received lies above it.</summary>
    [Id(3)]
    public long LastLabelThatCounts { get; init; }

    /// <summary>How many calls, and answers to calls of other grains with checkpointed state, this grain has sent since its permanent checkpoint: they are undone.</summary>
    [Id(4)]
    public long MessagesUndone { get; init; }

    /// <summary>
    /// How many calls this grain has run since its permanent checkpoint, whoever made them, timers and reminders included; read-only ones do not count. What they did is undone.
    /// </summary>
    [Id(5)]
    public long CallsUndone { get; init; }
}
