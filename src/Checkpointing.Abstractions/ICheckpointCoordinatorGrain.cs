using Orleans.Concurrency;

namespace Checkpointing;

/// <summary>
/// Takes consistent checkpoints: the daemon of Koo and Toueg. One activation per cluster; requests that arrive while a round runs are merged
/// into the next one. Obtain it with <see cref="CheckpointCoordinatorExtensions.GetCheckpointCoordinator"/>.
/// </summary>
[Alias("checkpointing.coordinator")]
public interface ICheckpointCoordinatorGrain : IGrainWithStringKey
{
    /// <summary>
    /// Checkpoints this grain together with the minimal set of grains that must go with it, and returns when that is permanent, or certainly not.
    /// Outcomes are values: this method throws only for a grain that has no checkpointed state (<see cref="ArgumentException"/>), for cancellation,
    /// and when the coordinator itself cannot be reached.
    /// </summary>
    /// <param name="grainId">A grain with checkpointed state.</param>
    /// <param name="cancellationToken">Gives up waiting; a round that has begun goes on.</param>
    [AlwaysInterleave]
    [Alias("Checkpoint")]
    Task<CheckpointResult> Checkpoint(GrainId grainId, CancellationToken cancellationToken = default);

    /// <summary>Checkpoints every grain of the cluster whose state may have changed since its permanent checkpoint.</summary>
    /// <param name="cancellationToken">Gives up waiting; a round that has begun goes on.</param>
    [AlwaysInterleave]
    [Alias("CheckpointAll")]
    Task<CheckpointResult> CheckpointAll(CancellationToken cancellationToken = default);

    /// <summary>
    /// Rolls this grain back to its permanent checkpoint, together with the minimal set of grains that depend on what it undoes by that. They drain first, and all of
    /// them must be willing; then either all of them roll back or none. Calls to them wait meanwhile, at most <c>MaxPause</c>. Returns when it is certain, or with <see cref="RollbackAbortReason.OutcomeUnknown"/>
    /// when the grain has not answered the word that decides for 15 s; calls that follow a success find the grains rolled back. Outcomes are values: this method throws only for a grain that has no checkpointed state (<see cref="ArgumentException"/>), for
    /// cancellation, and when the coordinator itself cannot be reached.
    /// </summary>
    /// <param name="grainId">A grain with checkpointed state. A call of its own, or of a chain through it, that awaits the rollback cannot drain before that: it ends as <see cref="RollbackAbortReason.TooBusy"/>, so ask from outside.</param>
    /// <param name="cancellationToken">Gives up waiting; a rollback that has begun goes on.</param>
    [AlwaysInterleave]
    [Alias("RollBack")]
    Task<RollbackResult> RollBack(GrainId grainId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Says who would roll back with this grain, why, and how much work that would undo. Nothing is stopped or changed; the answer is as exact as the moment. Rounds wait for it,
    /// but not longer than <c>MaxPause</c>: then it is aborted, and says who has not answered.
    /// </summary>
    /// <param name="grainId">A grain with checkpointed state.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    [AlwaysInterleave]
    [Alias("PreviewRollBack")]
    Task<RollbackResult> PreviewRollBack(GrainId grainId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Whether the loss of a silo, or a rollback, is still being dealt with: until it is not, grains that depend on lost work may be found and rolled back. Asks every
    /// silo that the coordinator knows of, but none without this library or with a version that speaks differently; a loss that has not been noticed yet is not part of the answer.
    /// A silo that does not answer counts as one that has not finished. Throws for cancellation, and when the coordinator itself cannot be reached.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    [AlwaysInterleave]
    [Alias("IsRecovering")]
    Task<bool> IsRecovering(CancellationToken cancellationToken = default);
}

/// <summary>How to reach the coordinator.</summary>
public static class CheckpointCoordinatorExtensions
{
    /// <summary>The key of the one coordinator of a cluster.</summary>
    public const string DefaultKey = "default";

    /// <summary>The coordinator of the cluster that this factory calls into.</summary>
    public static ICheckpointCoordinatorGrain GetCheckpointCoordinator(this IGrainFactory grainFactory)
    {
        ArgumentNullException.ThrowIfNull(grainFactory);
        return grainFactory.GetGrain<ICheckpointCoordinatorGrain>(DefaultKey);
    }
}
