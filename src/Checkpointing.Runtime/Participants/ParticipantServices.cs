using Checkpointing.Runtime.Hosting;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace Checkpointing.Runtime.Participants;

/// <summary>What the participants of a silo share.</summary>
internal sealed class ParticipantServices(
    CheckpointStorage storage,
    IOptions<CheckpointingOptions> options,
    ParticipantRegistry registry,
    CoordinatorOutbox outbox,
    IGrainFactory grainFactory,
    IGrainRuntime grainRuntime,
    CheckpointingMetrics metrics,
    ParticipantLog log,
    TimeProvider time)
{
    public IGrainStorage Storage => storage.Provider;

    public string StorageName => storage.Name;

    public CheckpointingOptions Options { get; } = options.Value;

    public ParticipantRegistry Registry { get; } = registry;

    public CoordinatorOutbox Outbox { get; } = outbox;

    public IGrainFactory GrainFactory { get; } = grainFactory;

    public IGrainRuntime GrainRuntime { get; } = grainRuntime;

    public CheckpointingMetrics Metrics { get; } = metrics;

    public ParticipantLog Log { get; } = log;

    public TimeProvider Time { get; } = time;
}
