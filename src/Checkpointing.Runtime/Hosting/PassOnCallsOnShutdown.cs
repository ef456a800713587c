using System.Diagnostics.CodeAnalysis;

namespace Checkpointing.Runtime.Hosting;

/// <summary>
/// When the grains of a silo that stops on purpose are gone, others may still call them there: the runtime passes such calls on, and tells the callers where the grains are now. As
/// soon as the silo ends it drops them: that costs each caller some time (RB-20), and those that call through relays a rollback. So the silo waits a little between the two.
/// </summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class PassOnCallsOnShutdown(ISiloStatusOracle silos, TimeProvider time) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan LastCalls = TimeSpan.FromSeconds(1);

    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe(nameof(PassOnCallsOnShutdown), ServiceLifecycleStage.ApplicationServices, _ => Task.CompletedTask, Stop);

    private async Task Stop(CancellationToken cancellationToken)
    {
        if (silos.GetApproximateSiloStatuses(onlyActive: true).Keys.Any(silo => !silo.Equals(silos.SiloAddress)))
        {
            await Task.Delay(LastCalls, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
