using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>The grain storage provider that keeps checkpoints and decisions, each request to it within <see cref="CheckpointingOptions.StorageTimeout"/>.</summary>
internal sealed class CheckpointStorage(IServiceProvider services, IOptions<CheckpointingOptions> options, TimeProvider time)
{
    public string Name { get; } = options.Value.StorageName;

    public IGrainStorage Provider { get; } =
        new TimeLimitedStorage(services.GetRequiredKeyedService<IGrainStorage>(options.Value.StorageName), options.Value.StorageTimeout, time);
}
