using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Serialization.Configuration;
using Orleans.Storage;

namespace Checkpointing.Runtime.Hosting;

/// <summary>Refuses settings and grain classes that could not work, when the silo starts.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class CheckpointingValidator(
    IServiceProvider services, IOptions<CheckpointingOptions> options, IOptions<SiloMessagingOptions> messaging, IOptions<TypeManifestOptions> types)
    : IConfigurationValidator
{
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

        if (options.CheckpointInterval is { } interval && interval <= TimeSpan.Zero)
        {
            Refuse(nameof(CheckpointingOptions.CheckpointInterval), interval, "it must be positive, or null for checkpoints only on request");
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

        if (options.StoreTimeout <= TimeSpan.Zero)
        {
            Refuse(nameof(CheckpointingOptions.StoreTimeout), options.StoreTimeout, "it must be positive");
        }

        if (options.DecisionPollInterval <= TimeSpan.Zero)
        {
            Refuse(nameof(CheckpointingOptions.DecisionPollInterval), options.DecisionPollInterval, "it must be positive");
        }
    }

    private static void ValidateGrainClass(Type grainClass)
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

        foreach (var (parameter, _) in states)
        {
            var type = parameter.ParameterType;
            if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(ICheckpointedState<>))
            {
                throw new OrleansConfigurationException(
                    $"Parameter '{parameter.Name}' of grain class {grainClass} has [CheckpointedState] but is a {type.Name}. Make it an ICheckpointedState<TState>.");
            }
        }
    }

    [DoesNotReturn]
    private static void Refuse(string option, object? value, string remedy) =>
        throw new OrleansConfigurationException($"{nameof(CheckpointingOptions)}.{option} is '{value}': {remedy}.");
}
