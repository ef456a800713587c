using Checkpointing.SiloHost.Clustering;

namespace Checkpointing.SiloHost;

/// <summary>The silo: membership of the cluster, a store in one file, and checkpointing.</summary>
internal static class Silo
{
    private const string Store = "checkpoints";

    public static void Configure(ISiloBuilder silo, SiloSettings settings)
    {
        Membership.Configure(silo, settings);
        silo.AddSqliteGrainStorage(Store, options => options.DataSource = settings.StoreFile);
        silo.AddCheckpointing(options =>
        {
            options.StorageName = Store;
            options.CheckpointInterval = settings.CheckpointInterval;
        });
    }
}
