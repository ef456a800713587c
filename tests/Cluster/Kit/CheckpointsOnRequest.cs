using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>How the clusters of these tests take checkpoints.</summary>
internal static class CheckpointsOnRequest
{
    private const string StorageName = "checkpoints";

    /// <summary>Checkpoints on request only, unless the test says otherwise.</summary>
    public static void AddCheckpointsOnRequest(this ISiloBuilder silo, Func<IServiceProvider, IGrainStorage> storage, Action<CheckpointingOptions>? options = null)
    {
        silo.Services.AddKeyedSingleton(StorageName, (services, _) => storage(services));
        silo.AddCheckpointing(checkpointing =>
        {
            checkpointing.StorageName = StorageName;
            checkpointing.CheckpointInterval = null;
            options?.Invoke(checkpointing);
        });
    }
}
