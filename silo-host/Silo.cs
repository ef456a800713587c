using System.Net;
using Orleans.Configuration;

namespace Checkpointing.SiloHost;

/// <summary>The silo: clustering on this machine, a store in one file, and checkpointing.</summary>
internal static class Silo
{
    private const string Store = "checkpoints";
    private const string ClusterName = "checkpointing-bank";

    public static void Configure(ISiloBuilder silo, SiloSettings settings)
    {
        silo.UseLocalhostClustering(
            settings.SiloPort,
            settings.GatewayPort,
            new IPEndPoint(IPAddress.Loopback, settings.PrimarySiloPort),
            serviceId: ClusterName,
            clusterId: ClusterName);

        // All silos are on one machine: a silence of seconds is a death.
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(2);
            options.TableRefreshTimeout = TimeSpan.FromSeconds(2);
            options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
            options.NumVotesForDeathDeclaration = 1;
        });

        silo.AddSqliteGrainStorage(Store, options => options.DataSource = settings.StoreFile);
        silo.AddCheckpointing(options =>
        {
            options.StorageName = Store;
            options.CheckpointInterval = settings.CheckpointInterval;
        });
    }
}
