using Checkpointing.Runtime.Hosting;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>A cluster whose application has filters of its own: an incoming one that comes before the library's and awaits, and an outgoing one.</summary>
public sealed class FilteredCluster : CheckpointedCluster
{
    protected override void Configure(TestClusterBuilder builder)
    {
        base.Configure(builder);
        builder.AddSiloBuilderConfigurator<Silo>();
    }

    private sealed class Silo : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder)
        {
            siloBuilder.AddCheckpointedCalls();
            siloBuilder.PutFirst(new AwaitingFilter());
            siloBuilder.AddOutgoingGrainCallFilter<WatchingFilter>();
        }
    }

    private sealed class AwaitingFilter : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            await Task.Yield();
            await context.Invoke();
            await Task.Yield();
        }
    }

    /// <summary>Doubles what GetList returns, to show that it sees plain results.</summary>
    private sealed class WatchingFilter : IOutgoingGrainCallFilter
    {
        public async Task Invoke(IOutgoingGrainCallContext context)
        {
            await context.Invoke();
            if (context.Result is List<int> list)
                context.Result = list.Select(item => item * 2).ToList();
        }
    }
}
