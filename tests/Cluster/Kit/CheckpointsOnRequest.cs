using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>How the clusters of these tests take checkpoints.</summary>
internal static class CheckpointsOnRequest
{
    private const string StorageName = "checkpoints";

    /// <summary>Checkpoints on request only, unless the test says otherwise.</summary>
    public static void AddCheckpointsOnRequest(this ISiloBuilder silo, Func<IServiceProvider, IGrainStorage> storage, Action<CheckpointingOptions>? options = null)
    {
        silo.RemembersFewGrains();
        silo.Services.AddKeyedSingleton(StorageName, (services, _) => storage(services));
        silo.AddCheckpointing(checkpointing =>
        {
            checkpointing.StorageName = StorageName;
            checkpointing.CheckpointInterval = null;
            options?.Invoke(checkpointing);
        });
    }

    /// <summary>By default every silo sets aside 9 MB for this. The tests start hundreds of them in one process, which would soon be busy with collecting garbage.</summary>
    public static void RemembersFewGrains(this ISiloBuilder silo) => silo.Configure<GrainDirectoryOptions>(directory => directory.CacheSize = 20_000);
}
