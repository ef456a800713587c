using Checkpointing.Runtime.Silos;
using Orleans.Runtime.Placement;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// Where the changes of a grain go that is deactivated. They are checkpointed first (G7). That cannot succeed if the round must drain a chain that waits for
/// this very grain: then the grain moves to another silo, with its changes in memory, and the chain goes on there. If there is no other
/// silo the checkpoint is tried until it succeeds or the runtime gives up the deactivation.
/// </summary>
internal sealed class Departure(ParticipantHost host, ParticipantMove move, ParticipantServices services)
{
    private static readonly TimeSpan PauseBetweenAttempts = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PatienceWithCalls = TimeSpan.FromSeconds(5);

    private readonly IGrainContext _grain = host.Activation.Context;
    private string? _notCheckpointed;

    /// <summary>Null if everything is permanent now; else why not.</summary>
    public async Task<string?> TryCheckpoint(CancellationToken cancellationToken)
    {
        if (services.OtherSilos(_grain.GrainId.Type).Any())
        {
            using var bound = new CancellationTokenSource(services.Options.MaxPause, services.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, bound.Token);
            return (await Checkpoint(either.Token)).Failure;
        }

        for (var isFirst = true; ; isFirst = false)
        {
            var (failure, isWorthAnotherAttempt) = await Checkpoint(cancellationToken);
            if (host.IsStopped)
            {
                // It rolls back, or another life has taken over: there is nothing left to save, and the next life waits.
                return null;
            }

            if (failure is null || !isWorthAnotherAttempt || cancellationToken.IsCancellationRequested)
            {
                return failure;
            }

            if (isFirst)
            {
                services.Log.NotCheckpointedYet(_grain.GrainId.ToString(), failure);
            }

            await Task.Delay(PauseBetweenAttempts, services.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>Turns the deactivation into a migration, if there is another silo to go to. One that was a migration from the start stays as it is.</summary>
    /// <param name="failure">Why the changes could not be checkpointed.</param>
    /// <param name="cancellationToken">The runtime gives the deactivation up.</param>
    public async Task<bool> TryMoveAway(string failure, CancellationToken cancellationToken)
    {
        // The code behind a call that no handler has awaited, or of an enumeration, ends with this activation: it gets the time to go on.
        var turns = host.Activation.Turns;
        for (var began = services.Time.GetTimestamp(); (turns.OutstandingCalls > 0 || turns.IsBusyOtherwise?.Invoke() == true) && services.Time.GetElapsedTime(began) < PatienceWithCalls && !cancellationToken.IsCancellationRequested;)
        {
            await Task.Delay(PauseBetweenAttempts, services.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        var elsewhere = services.OtherSilos(_grain.GrainId.Type).FirstOrDefault();
        if (elsewhere is null)
        {
            return false;
        }

        _grain.Migrate(new Dictionary<string, object> { [IPlacementDirector.PlacementHintKey] = elsewhere }, CancellationToken.None);
        _notCheckpointed = failure;
        return true;
    }

    /// <summary>
    /// RB-9, when the runtime is done with the activation. It carries no migration out if the grain's own OnDeactivateAsync has failed or took too long. And code of the grain that still runs reaches nobody from now on:
    /// its labels would belong to a life that is over.
    /// </summary>
    public async Task Conclude()
    {
        await _grain.Deactivated.ConfigureAwait(false);
        if (!move.IsCarriedOut && !host.Activation.IsStopped && !host.AreChangesLost)
        {
            if (_notCheckpointed is not null)
            {
                host.OnChangesLost($"{_notCheckpointed} The runtime has not moved the grain to another silo either.", null);
            }
            else if (host.Participant is not null && !host.Activation.Ledger.IsClean)
            {
                host.OnChangesLost("its code went on after its last checkpoint", null);
            }
        }

        host.Activation.Stop();
    }

    private async Task<(string? Failure, bool IsWorthAnotherAttempt)> Checkpoint(CancellationToken cancellationToken)
    {
        try
        {
            var coordinator = services.GrainFactory.GetGrain<ICheckpointCoordinatorControl>(CheckpointCoordinatorExtensions.DefaultKey);
            var result = await coordinator.CheckpointBeforeStop(_grain.GrainId, _grain.Address.SiloAddress!, cancellationToken).WaitAsync(cancellationToken);
            return result.Status is CheckpointStatus.Committed or CheckpointStatus.NothingToDo ? (null, false) : (result.Detail, result.Reason.MayPass());
        }
        catch (Exception exception)
        {
            return (exception.Message, !services.IsStopping);
        }
    }
}
