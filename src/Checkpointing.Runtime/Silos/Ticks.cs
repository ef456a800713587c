namespace Checkpointing.Runtime.Silos;

/// <summary>Loops that do something now and then, and just end when they are cancelled.</summary>
internal static class Ticks
{
    /// <returns>False if it is over.</returns>
    public static async Task<bool> NextTick(this PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
