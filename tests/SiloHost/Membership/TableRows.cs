using System.Net;
using Checkpointing.SiloHost.Clustering.Sqlite;

namespace Checkpointing.SiloHost.Tests.Membership;

/// <summary>Members as a silo would write them, each at an address of its own.</summary>
internal static class TableRows
{
    private static int _generation;

    public static SiloAddress NewAddress(int port = 12345) => SiloAddress.New(IPAddress.Loopback, port, Interlocked.Increment(ref _generation));

    public static MembershipEntry NewEntry(SiloStatus status = SiloStatus.Joining, TimeSpan age = default) => new()
    {
        SiloAddress = NewAddress(),
        Status = status,
        HostName = "host",
        SiloName = "silo",
        RoleName = "role",
        UpdateZone = 2,
        FaultZone = 3,
        ProxyPort = 30000,
        StartTime = DateTime.UtcNow - age,
        IAmAliveTime = DateTime.UtcNow - age,
        SuspectTimes = [],
    };

    /// <summary>Inserts under the current version.</summary>
    public static async Task<bool> Insert(this SqliteMembershipTable table, MembershipEntry entry) =>
        await table.InsertRow(entry, (await table.ReadAll()).Version.Next());

    public static async Task<string> ETagOf(this SqliteMembershipTable table, SiloAddress silo) => (await table.ReadAll()).TryGet(silo)!.Item2;
}
