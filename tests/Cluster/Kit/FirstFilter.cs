using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>Filters that stand before those of the library.</summary>
internal static class FirstFilter
{
    public static void PutFirst(this ISiloBuilder silo, IIncomingGrainCallFilter filter) => silo.PutFirst(_ => filter);

    public static void PutFirst(this ISiloBuilder silo, Func<IServiceProvider, IIncomingGrainCallFilter> filter) =>
        silo.Services.Insert(0, ServiceDescriptor.Singleton(filter));
}
