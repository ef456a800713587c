using System.Reflection;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// Creates the states of a grain while its constructor runs, and with the first of them the activation's
/// <see cref="CheckpointedActivation"/> and <see cref="ParticipantHost"/>.
/// </summary>
internal sealed class CheckpointedStateFactory : IAttributeToFactoryMapper<CheckpointedStateAttribute>
{
    private static readonly MethodInfo CreateMethod =
        typeof(CheckpointedStateFactory).GetMethod(nameof(Create), BindingFlags.NonPublic | BindingFlags.Static)!;

    public Factory<IGrainContext, object> GetFactory(ParameterInfo parameter, CheckpointedStateAttribute metadata)
    {
        var create = CreateMethod.MakeGenericMethod(parameter.ParameterType.GenericTypeArguments[0]).CreateDelegate<Func<IGrainContext, string, object>>();
        return context => create(context, metadata.StateName);
    }

    private static CheckpointedState<TState> Create<TState>(IGrainContext context, string name)
        where TState : new()
    {
        var host = context.GetComponent<ParticipantHost>() ?? Begin(context);
        var state = new CheckpointedState<TState>(name, context.ActivationServices.GetRequiredService<Serializer<TState>>());
        host.Add(state);
        return state;
    }

    private static ParticipantHost Begin(IGrainContext context)
    {
        var services = context.ActivationServices;
        var unborn = new Life(context.GrainId.ToParticipantId(), Incarnation.None);
        var traits = services.GetRequiredService<GrainTypeTraitsResolver>().Of(context.GrainId.Type);
        if (traits.WatchNextActivation(services.GetRequiredService<IOptions<CallPathOptions>>().Value.ActivationsPerWatchedOne))
        {
            HomeContext.Watch(context);
        }

        var activation = new CheckpointedActivation(
            context,
            traits,
            new Ledger(unborn, CheckpointMark.Initial),
            services.GetRequiredService<LocalRollbacks>(),
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout);
        var host = new ParticipantHost(activation, services.GetRequiredService<ParticipantServices>());
        host.Participate(context.ObservableLifecycle);
        services.GetRequiredService<ParticipantRegistry>().AddWhileActive(activation, context.ObservableLifecycle);
        context.SetComponent(activation);
        context.SetComponent(host);
        context.SetComponent<ICheckpointParticipantExtension>(new ParticipantExtension(host));
        return host;
    }
}
