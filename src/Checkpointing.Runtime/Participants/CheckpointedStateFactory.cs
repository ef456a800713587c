using System.Reflection;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Checkpointing.Runtime.Participants;

/// <summary>Creates the states of a grain while its constructor runs, and with the first of them the activation's <see cref="CheckpointedActivation"/>.</summary>
internal sealed class CheckpointedStateFactory : IAttributeToFactoryMapper<CheckpointedStateAttribute>
{
    private static readonly MethodInfo CreateMethod =
        typeof(CheckpointedStateFactory).GetMethod(nameof(Create), BindingFlags.NonPublic | BindingFlags.Static)!;

    public Factory<IGrainContext, object> GetFactory(ParameterInfo parameter, CheckpointedStateAttribute metadata)
    {
        var create = CreateMethod.MakeGenericMethod(parameter.ParameterType.GenericTypeArguments[0]).CreateDelegate<Func<IGrainContext, object>>();
        return new Factory<IGrainContext, object>(create);
    }

    private static CheckpointedState<T> Create<T>(IGrainContext context)
    {
        if (context.GetComponent<CheckpointedActivation>() is null)
            context.SetComponent(Begin(context));

        return new CheckpointedState<T>();
    }

    private static CheckpointedActivation Begin(IGrainContext context)
    {
        var services = context.ActivationServices;
        var life = new Life(context.GrainId.ToParticipantId(), new Incarnation(1, Guid.NewGuid()));
        var traits = services.GetRequiredService<GrainTypeTraitsResolver>().Of(context.GrainId.Type);
        if (traits.WatchNextActivation(services.GetRequiredService<IOptions<CallPathOptions>>().Value.ActivationsPerWatchedOne))
            HomeContext.Watch(context);

        return new CheckpointedActivation(
            context,
            traits,
            new Ledger(life, CheckpointMark.Initial),
            services.GetService<TimeProvider>() ?? TimeProvider.System,
            services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout);
    }
}
