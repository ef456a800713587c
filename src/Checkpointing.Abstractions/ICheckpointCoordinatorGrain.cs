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
    /// Whether the loss of a silo, or a rollback, is still being dealt with: until it is not, grains that depend on lost work may be found and rolled back. Asks every
    /// silo that the coordinator knows of; a loss that has not been noticed yet is not part of the answer.
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
