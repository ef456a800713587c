using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Serialization.Configuration;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Checkpointing.Runtime.Hosting;

/// <summary>Refuses settings and grain classes that could not work, when the silo starts.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class CheckpointingValidator(
    IServiceProvider services, IOptions<CheckpointingOptions> options, IOptions<SiloMessagingOptions> messaging, IOptions<TypeManifestOptions> types)
    : IConfigurationValidator
{
    // What a timer takes: 2^32 - 2 milliseconds, a little under 50 days.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(49);

    public void ValidateConfiguration()
    {
        ValidateOptions(options.Value, messaging.Value.ResponseTimeout);
        if (services.GetKeyedService<IGrainStorage>(options.Value.StorageName) is null)
        {
            throw new OrleansConfigurationException(
                $"{nameof(CheckpointingOptions)}.{nameof(CheckpointingOptions.StorageName)} is '{options.Value.StorageName}', but no grain storage provider of that name is registered. "
                + "Register one (for example with AddSqliteGrainStorage), or correct the name.");
        }

        foreach (var grainClass in types.Value.InterfaceImplementations.Where(type => typeof(IGrain).IsAssignableFrom(type) || typeof(IGrainBase).IsAssignableFrom(type)))
        {
            ValidateGrainClass(grainClass);
        }
    }

    private static void ValidateOptions(CheckpointingOptions options, TimeSpan responseTimeout)
    {
        if (string.IsNullOrWhiteSpace(options.StorageName))
        {
            Refuse(nameof(CheckpointingOptions.StorageName), options.StorageName, "name the grain storage provider that keeps the checkpoints");
        }

        if (options.CheckpointInterval is { } interval && !IsTimer(interval))
        {
            Refuse(nameof(CheckpointingOptions.CheckpointInterval), interval, "it must be between 1 millisecond and 49 days, or null for checkpoints only on request");
        }

        if (options.MaxPause <= TimeSpan.Zero || options.MaxPause > responseTimeout / 2)
        {
            Refuse(
                nameof(CheckpointingOptions.MaxPause), options.MaxPause, $"it must be positive and at most half of Orleans' response timeout ({responseTimeout}), because parked calls wait that long");
        }

        if (options.MaxAttempts < 1)
        {
            Refuse(nameof(CheckpointingOptions.MaxAttempts), options.MaxAttempts, "it must be at least 1");
        }

        if (!IsTimer(options.VoteTimeout))
        {
            Refuse(nameof(CheckpointingOptions.VoteTimeout), options.VoteTimeout, "it must be between 1 millisecond and 49 days");
        }

        if (!IsTimer(options.StorageTimeout))
        {
            Refuse(nameof(CheckpointingOptions.StorageTimeout), options.StorageTimeout, "it must be between 1 millisecond and 49 days");
        }

        if (!IsTimer(options.DecisionPollInterval))
        {
            Refuse(nameof(CheckpointingOptions.DecisionPollInterval), options.DecisionPollInterval, "it must be between 1 millisecond and 49 days");
        }
    }

    private static bool IsTimer(TimeSpan time) => time >= TimeSpan.FromMilliseconds(1) && time <= LongestTimer;

    private void ValidateGrainClass(Type grainClass)
    {
        var states = grainClass.GetConstructors()
            .SelectMany(constructor => constructor.GetParameters())
            .Select(parameter => (Parameter: parameter, Attribute: parameter.GetCustomAttribute<CheckpointedStateAttribute>()))
            .Where(entry => entry.Attribute is not null)
            .ToList();
        if (states.Count == 0)
        {
            return;
        }

        if (grainClass.GetCustomAttribute<StatelessWorkerAttribute>(inherit: true) is not null)
        {
            throw new OrleansConfigurationException(
                $"Grain class {grainClass} is a stateless worker with checkpointed state. Several activations would share one checkpoint. Remove [StatelessWorker] or [CheckpointedState].");
        }

        foreach (var (parameter, attribute) in states)
        {
            ValidateState(grainClass, parameter, attribute!.StateName);
        }

        if (states.GroupBy(entry => (entry.Parameter.Member, entry.Attribute!.StateName)).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new OrleansConfigurationException($"Grain class {grainClass} has two checkpointed states named '{twice.Key.StateName}'. Give each its own name.");
        }
    }

    private void ValidateState(Type grainClass, ParameterInfo parameter, string stateName)
    {
        var type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(ICheckpointedState<>))
        {
            throw new OrleansConfigurationException(
                $"Parameter '{parameter.Name}' of grain class {grainClass} has [CheckpointedState] but is a {type.Name}. Make it an ICheckpointedState<TState>.");
        }

        if (string.IsNullOrWhiteSpace(stateName))
        {
            throw new OrleansConfigurationException(
                $"The checkpointed state of parameter '{parameter.Name}' of grain class {grainClass} has no name. Give it one that stays the same over deployments.");
        }

        // Of a generic grain class the state types are not known before the first activation.
        if (type.GenericTypeArguments[0] is { ContainsGenericParameters: false } stateType && WhyNotSerializable(stateType) is { } cause)
        {
            throw new OrleansConfigurationException(
                $"State '{stateName}' of grain class {grainClass} is a {stateType}, which Orleans cannot serialize: {cause} Mark the type with [GenerateSerializer] and its members "
                + "with [Id], or configure a serializer that supports it.");
        }
    }

    /// <summary>What the declared types tell. What is in a member of type object is known when it is there: such a capture fails, and the grain is left out.</summary>
    private string? WhyNotSerializable(Type stateType)
    {
        try
        {
            return services.GetRequiredService<ICodecProvider>().TryGetCodec(stateType) is null ? "it has no codec." : null;
        }
        catch (CodecNotFoundException exception)
        {
            return exception.Message;
        }
    }

    [DoesNotReturn]
    private static void Refuse(string option, object? value, string remedy) =>
        throw new OrleansConfigurationException($"{nameof(CheckpointingOptions)}.{option} is '{value}': {remedy}.");
}
