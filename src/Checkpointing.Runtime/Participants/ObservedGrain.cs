namespace Checkpointing.Runtime.Participants;

/// <summary>A grain class may implement <see cref="ICheckpointObserver"/>. A failing observer must break neither the round nor the handler in whose turn it is told.</summary>
internal sealed class ObservedGrain(IGrainContext grain, ParticipantLog log)
{
    private ICheckpointObserver? Observer => grain.GrainInstance as ICheckpointObserver;

    /// <summary>Who fails to answer is not willing.</summary>
    public bool IsWilling() => Ask(static observer => observer.WillingToCheckpoint());

    public bool IsWillingToRollBack() => Ask(static observer => observer.WillingToRollBack());

    private bool Ask(Func<ICheckpointObserver, bool> question)
    {
        try
        {
            return Observer is not { } observer || question(observer);
        }
        catch (Exception exception)
        {
            log.ObserverFailed(grain.GrainId.ToString(), exception);
            return false;
        }
    }

    public void Tell(Action<ICheckpointObserver> tell)
    {
        try
        {
            if (Observer is { } observer)
            {
                tell(observer);
            }
        }
        catch (Exception exception)
        {
            log.ObserverFailed(grain.GrainId.ToString(), exception);
        }
    }

    /// <summary>Whether it has code that runs when it starts, and so may change its state before its first call.</summary>
    public bool OverridesOnActivate =>
        grain.GrainInstance!.GetType().GetMethod(nameof(IGrainBase.OnActivateAsync), [typeof(CancellationToken)])?.DeclaringType != typeof(Grain);
}
