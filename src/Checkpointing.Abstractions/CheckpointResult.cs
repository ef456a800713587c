namespace Checkpointing;

/// <summary>How a request for a checkpoint ended.</summary>
public enum CheckpointStatus
{
    /// <summary>The grains that were asked for, and all that had to go with them, have a new permanent checkpoint.</summary>
    Committed,

    /// <summary>
    /// No grain that was asked for is known to have a new permanent checkpoint; the previous ones still hold. Only with
    /// <see cref="CheckpointAbortReason.CoordinatorReplaced"/> and <see cref="CheckpointAbortReason.AwaitedInsideRound"/> may the round still be committed.
    /// </summary>
    Aborted,

    /// <summary>State, sends and receipts of the grains that were asked for are as in their permanent checkpoints; nothing was written.</summary>
    NothingToDo,

    /// <summary>
    /// Many grains were asked for, and some of them have a new permanent checkpoint: see <see cref="CheckpointResult.Participants"/>. The others are in
    /// <see cref="CheckpointResult.LeftOut"/>, each with a reason, and keep their previous one; <see cref="CheckpointResult.Reason"/> and
    /// <see cref="CheckpointResult.Detail"/> are about the first of them. But with <see cref="CheckpointAbortReason.SiloNotAsked"/> some may not be named.
    /// </summary>
    PartlyCommitted,
}

/// <summary>Why a request was aborted, or a grain left out.</summary>
public enum CheckpointAbortReason
{
    /// <summary>Nothing failed.</summary>
    None,

    /// <summary>A grain that had to take part said no (<see cref="ICheckpointObserver.WillingToCheckpoint"/>).</summary>
    Unwilling,

    /// <summary>The state of a grain could not be serialized.</summary>
    CaptureFailed,

    /// <summary>Call chains did not end, or messages kept overtaking snapshots, within <c>MaxPause</c>, in every attempt.</summary>
    TooBusy,

    /// <summary>A grain depends on work that was lost with a silo. It rolls back by itself.</summary>
    OrphanFound,

    /// <summary>A grain that had to take part could not be reached, or restarted during the round.</summary>
    ParticipantLost,

    /// <summary>A checkpoint could not be written to storage, or nobody knows whether it was.</summary>
    NotStored,

    /// <summary>
    /// A grain had not heard, in every attempt, what became of its checkpoint of an earlier round, and cannot take another one before. It works on and asks
    /// for that decision by itself.
    /// </summary>
    StillInDoubt,

    /// <summary>
    /// The request was made inside a call chain that a round has to wait for, so the answer does not wait for the round. Nobody can tell whether it is awaited
    /// there: who does not await it gets the same answer. The round that was begun for it goes on, or one is begun for it when the one that runs has ended; <see cref="CheckpointResult.Detail"/> says which.
    /// </summary>
    AwaitedInsideRound,

    /// <summary>The decision could not be written to storage.</summary>
    DecisionNotStored,

    /// <summary>The coordinator was replaced while the request waited; a decision that was being written may hold all the same. Ask again.</summary>
    CoordinatorReplaced,

    /// <summary>
    /// A silo of the cluster does not have this library, or a version that speaks differently: calls there carry no dependencies, so nobody knows which grains must go
    /// together. No checkpoint is taken until it is gone or upgraded.
    /// </summary>
    SilosDiffer,

    /// <summary>
    /// All grains that have changed were asked for, and a silo did not say which of its grains have: those may have been left out without being named in
    /// <see cref="CheckpointResult.LeftOut"/>. Ask again.
    /// </summary>
    SiloNotAsked,
}

/// <summary>What a request for a checkpoint came to. A value: an aborted checkpoint is an outcome, not an error.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.checkpoint-result.v1")]
public sealed record CheckpointResult
{
    /// <summary>How it ended.</summary>
    [Id(0)]
    public required CheckpointStatus Status { get; init; }

    /// <summary>Why it was aborted, if it was, or committed only in part.</summary>
    [Id(1)]
    public CheckpointAbortReason Reason { get; init; }

    /// <summary>What failed, what still holds and what to do; empty unless aborted or committed only in part.</summary>
    [Id(2)]
    public string Detail { get; init; } = "";

    /// <summary>The round that answered the request, of several attempts the last, "epoch.number".</summary>
    [Id(3)]
    public string Round { get; init; } = "";

    /// <summary>
    /// The grains with a new permanent checkpoint by the rounds of this request, each with the reason why it was in one. A round may serve other requests
    /// at the same time: their grains are here too.
    /// </summary>
    [Id(4)]
    public IReadOnlyList<RoundParticipant> Participants { get; init; } = [];

    /// <summary>Grains that were left out of the decision, with the reason: those that were asked for, and those that others needed.</summary>
    [Id(5)]
    public IReadOnlyList<LeftOutParticipant> LeftOut { get; init; } = [];

    /// <summary>The time from the first closed gate of the last round to the last opened one, as the coordinator saw it.</summary>
    [Id(6)]
    public TimeSpan Pause { get; init; }

    /// <summary>The time from the request to its outcome.</summary>
    [Id(7)]
    public TimeSpan Duration { get; init; }

    /// <summary>Records written for the committed grains, the decision included: N + 1, added up over the rounds that committed something.</summary>
    [Id(8)]
    public int StableWrites { get; init; }

    /// <summary>Bytes of serialized state in the records of the committed grains.</summary>
    [Id(9)]
    public long StateBytes { get; init; }

    /// <summary>How many rounds tried, this one included.</summary>
    [Id(10)]
    public int Attempts { get; init; }

    /// <summary>How often snapshots had to be taken again because a message had overtaken them.</summary>
    [Id(11)]
    public int Retakes { get; init; }
}

/// <summary>
/// One grain of a committed round and why it was in it. It was drawn in because <see cref="DrawnInBy"/> had received a message from it that its
/// permanent checkpoint did not remember sending: last_rmsg ≥ first_smsg &gt; ⊥ of the paper, and label &gt; mark in this library's own terms.
/// </summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.round-participant.v1")]
public sealed record RoundParticipant
{
    /// <summary>The grain.</summary>
    [Id(0)]
    public required GrainId GrainId { get; init; }

    /// <summary>Who drew it in; null for a grain that was asked for.</summary>
    [Id(1)]
    public GrainId? DrawnInBy { get; init; }

    /// <summary>last_rmsg: the last label that <see cref="DrawnInBy"/> had received from this grain; 0 stands for ⊥.</summary>
    [Id(2)]
    public long LastLabelReceived { get; init; }

    /// <summary>first_smsg: the first label that this grain had sent to <see cref="DrawnInBy"/> since its last checkpoint; 0 when it went through a relay, or for ⊥.</summary>
    [Id(3)]
    public long FirstLabelSent { get; init; }

    /// <summary>The mark of its previous permanent checkpoint, which that label exceeds.</summary>
    [Id(4)]
    public string PreviousMark { get; init; } = "";
}

/// <summary>A grain that was left out of the decision of a round.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.left-out-participant.v1")]
public sealed record LeftOutParticipant
{
    /// <summary>The grain.</summary>
    [Id(0)]
    public required GrainId GrainId { get; init; }

    /// <summary>Why.</summary>
    [Id(1)]
    public required CheckpointAbortReason Reason { get; init; }

    /// <summary>In words.</summary>
    [Id(2)]
    public string Detail { get; init; } = "";
}
