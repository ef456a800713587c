using Checkpointing;
using Checkpointing.Runtime.Coordination;
using Checkpointing.Runtime.Hosting;
using Checkpointing.Runtime.Participants;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Orleans.Hosting;

/// <summary>Adds checkpoints to a silo.</summary>
public static class CheckpointingSiloBuilderExtensions
{
    /// <summary>
    /// Grains with <see cref="CheckpointedStateAttribute"/> take part in consistent checkpoints from now on. Every silo of the cluster needs this. The
    /// storage provider that <see cref="CheckpointingOptions.StorageName"/> names must be registered on the silo too.
    /// </summary>
    public static ISiloBuilder AddCheckpointing(this ISiloBuilder silo, Action<CheckpointingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(configure);

        silo.Services.Configure(configure);
        if (silo.Services.Any(service => service.ServiceType == typeof(ParticipantRegistry)))
        {
            return silo;
        }

        silo.AddCheckpointedCalls();
        silo.AddGrainService<CheckpointAgent>();
        var services = silo.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<CheckpointStorage>();
        services.AddSingleton<ParticipantRegistry>();
        services.AddSingleton<ParticipantServices>();
        services.AddSingleton<ParticipantLog>();
        services.AddSingleton<CoordinatorOutbox>();
        services.AddSingleton<LocalRollbacks>();
        services.AddSingleton<CheckpointingMetrics>();
        services.AddSingleton<ICheckpointAgentClient, CheckpointAgentClient>();
        services.AddSingleton<AgentCalls>();
        services.AddSingleton<SilosThatDiffer>();
        services.AddSingleton<SilosInReach>();
        services.AddSingleton<CallCutOffs>();
        services.AddGrainAddressCache();
        services.AddSingleton<IConfigurationValidator, CheckpointingValidator>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, CheckpointOnShutdown>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, PassOnCallsOnShutdown>();
        return silo;
    }
}
