using Checkpointing.SiloHost.Clustering;
using Orleans.Configuration;

namespace Checkpointing.SiloHost;

/// <summary>The silo: membership of the cluster, a store in one file, and checkpointing.</summary>
internal static class Silo
{
    private const string Store = "checkpoints";

    public static void Configure(ISiloBuilder silo, SiloSettings settings)
    {
        Membership.Configure(silo, settings);

        AddGrainDirectory(silo);
        silo.AddSqliteGrainStorage(Store, options => options.DataSource = settings.StoreFile);
        silo.AddCheckpointing(options =>
        {
            options.StorageName = Store;
            options.CheckpointInterval = settings.CheckpointInterval;
        });
    }

    /// <summary>
    /// Orleans' default directory forgets entries while silos come and go: a grain could begin a second time, from its last checkpoint, while the first
    /// activation still has changes, and one of the two would be lost. This directory does not allow it.
    /// </summary>
    private static void AddGrainDirectory(ISiloBuilder silo)
    {
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003

        // By default it starts no grain of a dead silo for half a minute, lest the silo is not dead after all. Against that a life is fenced in its record.
        silo.Configure<GrainDirectoryOptions>(options => options.RangeLeaseDuration = TimeSpan.Zero);
    }
}
