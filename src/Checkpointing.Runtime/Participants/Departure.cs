using Checkpointing.Runtime.Silos;
using Orleans.Runtime.Placement;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// Where the changes of a grain go that is deactivated. Until images of live grains can be parked they are checkpointed first (G7). That cannot
/// succeed if the round must drain a chain that waits for this very grain: then the grain moves to another silo, with its changes in memory, and the chain
/// goes on there.
/// </summary>
internal sealed class Departure(ParticipantServices services, IGrainContext grain)
{
    /// <summary>Null if everything is permanent now; else why not.</summary>
    public async Task<string?> TryCheckpoint(CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var coordinator = services.GrainFactory.GetGrain<ICheckpointCoordinatorControl>(CheckpointCoordinatorExtensions.DefaultKey);
            var pending = coordinator.CheckpointBeforeStop(grain.GrainId, grain.Address.SiloAddress!, giveUp.Token);
            var hasChoice = services.OtherSilos(grain.GrainId.Type).Any();
            var result = await (hasChoice ? pending.WaitAsync(services.Options.MaxPause, services.Time, cancellationToken) : pending.WaitAsync(cancellationToken));
            return result.Status == CheckpointStatus.Aborted ? result.Detail : null;
        }
        catch (Exception exception)
        {
            await giveUp.CancelAsync();
            return exception.Message;
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
}
