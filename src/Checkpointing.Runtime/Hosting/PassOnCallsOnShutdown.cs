using System.Diagnostics.CodeAnalysis;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Hosting;

/// <summary>
/// When the grains of a silo that stops on purpose have left, the runtime passes on what still comes for them. But as soon as the silo has ended it breaks off those calls, wherever they run:
/// that costs each caller some time (RB-20), and those that call through relays a rollback. So the silo tells the others that it has no grains any more, and ends when the calls that were
/// under way then have ended. Calls of clients and relays, which nobody counts, have a moment too.
/// </summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class PassOnCallsOnShutdown(ISiloStatusOracle silos, AgentCalls agents, TimeProvider time) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe(nameof(PassOnCallsOnShutdown), ServiceLifecycleStage.ApplicationServices, _ => Task.CompletedTask, Stop);

    private async Task Stop(CancellationToken cancellationToken)
    {
        var self = silos.SiloAddress;
        var others = silos.GetApproximateSiloStatuses()
            .Where(silo => silo.Value is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping && !silo.Key.Equals(self))
            .Select(silo => silo.Key)
            .ToArray();
        if (others.Length == 0)
        {
            return;
        }

        // A silo that cannot be asked is not waited for.
        var calls = others.Select(silo => agents.To(silo, agent => agent.GrainsHaveLeft(self)));
        await Task.WhenAll([.. calls, Task.Delay(Moment, time, cancellationToken)])
            .WaitAsync(Patience, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
