namespace Checkpointing.Cluster.Tests.Kit;

public interface IProbeExtension : IGrainExtension
{
    Task<int> Extend(Script script);
}

public sealed class ProbeExtension(IGrainContextAccessor accessor) : IProbeExtension
{
    public async Task<int> Extend(Script script)
    {
        await script.Run((ProbeGrain)accessor.GrainContext.GrainInstance!);
        return 7;
    }
}

public interface IProbeObserver : IGrainObserver
{
    Task<int> See(int amount);
}

public sealed class ProbeObserver : IProbeObserver
{
    public Task<int> See(int amount) => Task.FromResult(amount + 1);
}
