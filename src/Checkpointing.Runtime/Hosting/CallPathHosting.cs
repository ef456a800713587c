using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Participants;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Metadata;
using Orleans.Timers;

namespace Checkpointing.Runtime.Hosting;

/// <summary>Puts the call path into a silo.</summary>
internal static class CallPathHosting
{
    public static ISiloBuilder AddCheckpointedCalls(this ISiloBuilder silo)
    {
        var services = silo.Services;
        if (services.Any(service => service.ServiceType == typeof(GrainTypeTraitsResolver)))
            return silo;

        services.AddSingleton<GrainTypeTraitsResolver>();
        services.AddSingleton<SeparateChains>();
        services.AddSingleton<IGrainPropertiesProvider, GrainRolePropertiesProvider>();
        services.TryAddSingleton<IAttributeToFactoryMapper<CheckpointedStateAttribute>, CheckpointedStateFactory>();

        // First of all incoming filters, also of those that were registered before.
        services.Insert(0, ServiceDescriptor.Singleton<IIncomingGrainCallFilter, IncomingCallFilter>());

        var timers = services.Last(service => service.ServiceType == typeof(ITimerRegistry));
        services.Replace(ServiceDescriptor.Singleton<ITimerRegistry>(provider => new TimerTurns((ITimerRegistry)Create(provider, timers))));

        var runtime = services.Last(service => service.ServiceType == typeof(IGrainReferenceRuntime));
        services.Replace(ServiceDescriptor.Singleton<IGrainReferenceRuntime>(provider => Decorate(provider, runtime)));
        return silo;
    }

    private static LabellingGrainReferenceRuntime Decorate(IServiceProvider services, ServiceDescriptor runtime)
    {
        var responseTimeout = services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout;
        var filters = services.GetServices<IOutgoingGrainCallFilter>().ToList();
        var hasFilters = filters.Count > 0;
        var traits = services.GetRequiredService<GrainTypeTraitsResolver>();
        if (hasFilters)
            filters.Add(new TakeReceipts(Create([]), traits, responseTimeout, services.GetRequiredService<TimeProvider>()));

        return new LabellingGrainReferenceRuntime(Create(filters), hasFilters, traits, responseTimeout, services);

        IGrainReferenceRuntime Create(IEnumerable<IOutgoingGrainCallFilter> outgoing) => (IGrainReferenceRuntime)CallPathHosting.Create(services, runtime, outgoing);
    }

    private static object Create(IServiceProvider services, ServiceDescriptor decorated, params object[] arguments) => decorated switch
    {
        { ImplementationType: { } type } => ActivatorUtilities.CreateInstance(services, type, arguments),
        { ImplementationFactory: { } factory } => factory(services),
        _ => decorated.ImplementationInstance!,
    };
}
