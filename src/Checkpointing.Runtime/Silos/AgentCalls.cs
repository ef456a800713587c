namespace Checkpointing.Runtime.Silos;

/// <summary>
/// Calls to the agents of silos, each for as long as its silo is not known to be gone. When a silo is lost the runtime breaks off the calls that are under way to it, but one that is
/// sent right afterwards, over a connection that still looks open, would be answered by its time-out only; and what is said to a silo goes one call at a time.
/// </summary>
internal sealed class AgentCalls(ICheckpointAgentClient agents, ISiloStatusOracle silos, TimeProvider time)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public Task To(SiloAddress silo, Func<ICheckpointAgent, Task> call) => To(silo, async agent =>
    {
        await call(agent);
        return true;
    });

    public async Task<T> To<T>(SiloAddress silo, Func<ICheckpointAgent, Task<T>> call)
    {
        ThrowIfGone(silo);
        var answer = call(agents.AgentOf(silo));
        while (!await answer.HasComeWithin(LookInterval, time))
        {
            if (silos.IsDeadSilo(silo))
            {
                answer.Ignore();
                ThrowIfGone(silo);
            }
        }

        return await answer;
    }

    private void ThrowIfGone(SiloAddress silo)
    {
        if (silos.IsDeadSilo(silo))
        {
            throw new SiloUnavailableException($"Silo {silo} is gone.");
        }
    }
}
