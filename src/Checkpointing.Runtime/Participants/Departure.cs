using Checkpointing.Runtime.Silos;
using Orleans.Runtime.Placement;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// Where the changes of a grain go that is deactivated. They are checkpointed first (G7). That cannot succeed if the round must drain a chain that waits for
/// this very grain: then the grain moves to another silo, with its changes in memory, and the chain goes on there. If there is no other
/// silo the checkpoint is tried until it succeeds or the runtime gives up the deactivation.
/// </summary>
internal sealed class Departure(ParticipantServices services, IGrainContext grain)
{
    private static readonly TimeSpan PauseBetweenAttempts = TimeSpan.FromMilliseconds(100);

    /// <summary>Null if everything is permanent now; else why not.</summary>
    public async Task<string?> TryCheckpoint(CancellationToken cancellationToken)
    {
        if (services.OtherSilos(grain.GrainId.Type).Any())
        {
            using var bound = new CancellationTokenSource(services.Options.MaxPause, services.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, bound.Token);
            return (await Checkpoint(either.Token)).Failure;
        }

        for (var isFirst = true; ; isFirst = false)
        {
            var (failure, isWorthAnotherAttempt) = await Checkpoint(cancellationToken);
            if (failure is null || !isWorthAnotherAttempt || cancellationToken.IsCancellationRequested)
            {
                return failure;
            }

            if (isFirst)
            {
                services.Log.NotCheckpointedYet(grain.GrainId.ToString(), failure);
            }

            await Task.Delay(PauseBetweenAttempts, services.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>Turns the deactivation into a migration, if there is another silo to go to. One that was a migration from the start stays as it is.</summary>
    public bool TryMoveAway()
    {
        var elsewhere = services.OtherSilos(grain.GrainId.Type).FirstOrDefault();
        if (elsewhere is null)
        {
            return false;
        }

        grain.Migrate(new Dictionary<string, object> { [IPlacementDirector.PlacementHintKey] = elsewhere }, CancellationToken.None);
        return true;
    }

    private async Task<(string? Failure, bool IsWorthAnotherAttempt)> Checkpoint(CancellationToken cancellationToken)
    {
        try
        {
            var coordinator = services.GrainFactory.GetGrain<ICheckpointCoordinatorControl>(CheckpointCoordinatorExtensions.DefaultKey);
            var result = await coordinator.CheckpointBeforeStop(grain.GrainId, grain.Address.SiloAddress!, cancellationToken).WaitAsync(cancellationToken);
            return result.Status is CheckpointStatus.Committed or CheckpointStatus.NothingToDo ? (null, false) : (result.Detail, result.Reason.MayPass());
        }
        catch (Exception exception)
        {
            return (exception.Message, !services.IsStopping);
        }
    }
}
