using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace Checkpointing.Runtime.StableStorage;

/// <summary>The grain storage provider that keeps checkpoints and decisions.</summary>
internal sealed class CheckpointStorage(IServiceProvider services, IOptions<CheckpointingOptions> options)
{
    public string Name { get; } = options.Value.StorageName;

    public IGrainStorage Provider { get; } = services.GetRequiredKeyedService<IGrainStorage>(options.Value.StorageName);
}
