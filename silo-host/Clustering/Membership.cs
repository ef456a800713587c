using System.Net;
using Checkpointing.SiloHost.Clustering.Postgres;
using Checkpointing.SiloHost.Clustering.Redis;
using Checkpointing.SiloHost.Clustering.Sqlite;
using Orleans.Configuration;

namespace Checkpointing.SiloHost.Clustering;

/// <summary>Who belongs to the cluster, and when a silent silo is declared dead.</summary>
internal static class Membership
{
    private const string ClusterName = "checkpointing-bank";
    private const int MissedProbes = 3;

    /// <summary>Checks that the table can be used, and creates what is missing. Throws <see cref="ClusteringException"/>; then no silo has started.</summary>
    public static Task Prepare(SiloSettings settings, CancellationToken cancellationToken) => settings.Clustering switch
    {
        ClusteringKind.Redis => RedisServer.Check(settings.Connection!),
        ClusteringKind.Postgres => PostgresSchema.Create(settings.Connection!, cancellationToken),
        _ => Task.Run(() => new MembershipDatabase(settings.MembershipFile).Prepare(), cancellationToken),
    };

    public static void Configure(ISiloBuilder silo, SiloSettings settings)
    {
        silo.ConfigureEndpoints(IPAddress.Loopback, settings.SiloPort, settings.GatewayPort);
        silo.Configure<ClusterOptions>(options => options.ServiceId = options.ClusterId = ClusterName);
        silo.Configure<ClusterMembershipOptions>(options => ConfigureDetection(options, settings));
        switch (settings.Clustering)
        {
            case ClusteringKind.Redis:
                silo.UseRedisClustering(settings.Connection!);
                break;
            case ClusteringKind.Postgres:
                silo.UseAdoNetClustering(options =>
                {
                    options.Invariant = PostgresSchema.Invariant;
                    options.ConnectionString = settings.Connection!;
                });
                break;
            default:
                silo.Services.AddSingleton<IMembershipTable>(services => new SqliteMembershipTable(
                    settings.MembershipFile,
                    ClusterName,
                    services.GetRequiredService<ILocalSiloDetails>().SiloAddress));
                break;
        }
    }

    private static void ConfigureDetection(ClusterMembershipOptions options, SiloSettings settings)
    {
        options.ProbeTimeout = settings.DetectionTime / MissedProbes;
        options.NumMissedProbesLimit = MissedProbes;
        options.TableRefreshTimeout = options.ProbeTimeout;
        options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);

        // On one machine nothing but the silos can be at fault. Between machines the network can: a second silo must agree.
        options.NumVotesForDeathDeclaration = settings.Clustering == ClusteringKind.Sqlite ? 1 : 2;

        // A silo that joins pings all members. After this time it declares those dead that never answered.
        options.MaxJoinAttemptTime = TimeSpan.FromMinutes(1);
    }
}
