using System.Diagnostics.CodeAnalysis;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Hosting;

/// <summary>
/// When the grains of a silo that stops on purpose have left, the runtime passes on what still comes for them. But as soon as the silo has ended it breaks off those calls, wherever they run:
/// that costs each caller some time (RB-20), and those that call through relays a rollback. So the silo tells the others that it has no grains any more. When all have heard it, it asks
/// them for the calls that are under way then, and ends when these have ended. Calls of clients, which nobody counts, have a moment too.
/// </summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class PassOnCallsOnShutdown(IClusterMembershipService membership, ISiloStatusOracle silos, AgentCalls agents, TimeProvider time) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe(nameof(PassOnCallsOnShutdown), ServiceLifecycleStage.ApplicationServices, _ => Task.CompletedTask, Stop);

    private async Task Stop(CancellationToken cancellationToken)
    {
        var members = membership.CurrentSnapshot.Members.Values.Where(member => !member.SiloAddress.Equals(silos.SiloAddress)).ToList();
        if (cancellationToken.IsCancellationRequested || !members.Exists(member => member.Status == SiloStatus.Active))
        {
            // Its grains may be there still, or have nowhere to go.
            return;
        }

        var others = members.Where(member => member.Status is SiloStatus.Active or SiloStatus.ShuttingDown).Select(member => member.SiloAddress).ToArray();
        await Task.WhenAll(CallsElsewhere(others, membership.CurrentSnapshot.Version.Value), Task.Delay(Moment, time, cancellationToken))
            .WaitAsync(Patience, time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task CallsElsewhere(SiloAddress[] others, long membershipVersion)
    {
        await Ask(agent => agent.GrainsHaveLeft(silos.SiloAddress, membershipVersion)).HasComeWithin(Patience / 2, time);
        await Ask(agent => agent.CallsUnderWay());

        // A silo that cannot be asked is not waited for.
        Task Ask(Func<ICheckpointAgent, Task> question) =>
            Task.WhenAll(others.Select(silo => agents.To(silo, question).ContinueWith(answer => _ = answer.Exception, TaskScheduler.Default)));
    }
}
