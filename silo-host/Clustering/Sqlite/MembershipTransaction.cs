using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Checkpointing.SiloHost.Clustering.Sqlite;

/// <summary>The statements on the membership table, within one open transaction.</summary>
internal sealed class MembershipTransaction(SqliteConnection connection)
{
    private const string Columns =
        "address, etag, status, suspect_times, proxy_port, host_name, silo_name, role_name, update_zone, fault_zone, start_time, i_am_alive_time";

    private const string Values =
        "$address, $etag, $status, $suspect_times, $proxy_port, $host_name, $silo_name, $role_name, $update_zone, $fault_zone, $start_time, $i_am_alive_time";

    /// <summary>Version 0, which no write can name, for a cluster that has no table.</summary>
    public TableVersion ReadVersion(string clusterId)
    {
        using var command = Command("SELECT version, etag FROM cluster WHERE cluster_id = $cluster", ("$cluster", clusterId));
        using var row = command.ExecuteReader();
        return row.Read() ? new TableVersion(row.GetInt32(0), row.GetString(1)) : new TableVersion(0, "");
    }

    public void CreateVersion(string clusterId) => Execute(
        "INSERT INTO cluster (cluster_id, version, etag) VALUES ($cluster, 0, $etag) ON CONFLICT DO NOTHING",
        ("$cluster", clusterId),
        ("$etag", NewETag()));

    /// <summary>Moves the table to the next version, if the caller has seen the current one.</summary>
    public bool TryAdvance(string clusterId, TableVersion next) => Execute(
        "UPDATE cluster SET version = $version, etag = $new_etag WHERE cluster_id = $cluster AND etag = $etag",
        ("$cluster", clusterId),
        ("$version", next.Version),
        ("$etag", next.VersionEtag),
        ("$new_etag", NewETag())) == 1;

    public List<Tuple<MembershipEntry, string>> ReadEntries(string clusterId, SiloAddress? only = null)
    {
        using var command = Command(
            $"SELECT {Columns} FROM silo WHERE cluster_id = $cluster AND ($address IS NULL OR address = $address)",
            ("$cluster", clusterId),
            ("$address", only?.ToParsableString()));
        using var row = command.ExecuteReader();
        var entries = new List<Tuple<MembershipEntry, string>>();
        while (row.Read())
            entries.Add(Tuple.Create(ReadEntry(row), row.GetString(1)));

        return entries;
    }

    public string? ReadETag(string clusterId, SiloAddress silo)
    {
        using var command = Command(
            "SELECT etag FROM silo WHERE cluster_id = $cluster AND address = $address",
            ("$cluster", clusterId),
            ("$address", silo.ToParsableString()));
        return (string?)command.ExecuteScalar();
    }

    /// <summary>Writes all columns, under a new ETag; a row that is there is replaced.</summary>
    public void Put(string clusterId, MembershipEntry entry) => Execute(
        $"INSERT OR REPLACE INTO silo (cluster_id, {Columns}) VALUES ($cluster, {Values})",
        ("$cluster", clusterId),
        ("$address", entry.SiloAddress.ToParsableString()),
        ("$etag", NewETag()),
        ("$status", (int)entry.Status),
        ("$suspect_times", SuspectTimesText.Format(entry.SuspectTimes)),
        ("$proxy_port", entry.ProxyPort),
        ("$host_name", entry.HostName),
        ("$silo_name", entry.SiloName),
        ("$role_name", entry.RoleName),
        ("$update_zone", entry.UpdateZone),
        ("$fault_zone", entry.FaultZone),
        ("$start_time", entry.StartTime.Ticks),
        ("$i_am_alive_time", entry.IAmAliveTime.Ticks));

    public void SetIAmAliveTime(string clusterId, SiloAddress silo, DateTime time) => Execute(
        "UPDATE silo SET i_am_alive_time = $time WHERE cluster_id = $cluster AND address = $address",
        ("$cluster", clusterId),
        ("$address", silo.ToParsableString()),
        ("$time", time.Ticks));

    public void DeleteDefunct(string clusterId, DateTime before) => Execute(
        "DELETE FROM silo WHERE cluster_id = $cluster AND status <> $active AND max(start_time, i_am_alive_time) < $before",
        ("$cluster", clusterId),
        ("$active", (int)SiloStatus.Active),
        ("$before", before.Ticks));

    public void DeleteAll(string clusterId) => Execute(
        "DELETE FROM silo WHERE cluster_id = $cluster; DELETE FROM cluster WHERE cluster_id = $cluster",
        ("$cluster", clusterId));

    // Unique for ever, not a counter: an ETag from before a deletion must not match again.
    private static string NewETag() => Guid.NewGuid().ToString("N");

    private static MembershipEntry ReadEntry(SqliteDataReader row) => new()
    {
        SiloAddress = SiloAddress.FromParsableString(row.GetString(0)),
        Status = (SiloStatus)row.GetInt32(2),
        SuspectTimes = SuspectTimesText.Parse(row.GetString(3)),
        ProxyPort = row.GetInt32(4),
        HostName = Text(row, 5)!,
        SiloName = Text(row, 6)!,
        RoleName = Text(row, 7),
        UpdateZone = row.GetInt32(8),
        FaultZone = row.GetInt32(9),
        StartTime = Time(row.GetInt64(10)),
        IAmAliveTime = Time(row.GetInt64(11)),
    };

    private static string? Text(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTime Time(long ticks) => new(ticks, DateTimeKind.Utc);

    private int Execute(string sql, params (string Name, object? Value)[] parameters)
    {
        using var command = Command(sql, parameters);
        return command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constant statements reach this.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);

        return command;
    }
}

/// <summary>Who suspects a silo since when, as text: address,ticks|address,ticks.</summary>
internal static class SuspectTimesText
{
    public static string Format(List<Tuple<SiloAddress, DateTime>>? suspects) =>
        string.Join('|', (suspects ?? []).Select(suspect => string.Create(CultureInfo.InvariantCulture, $"{suspect.Item1.ToParsableString()},{suspect.Item2.Ticks}")));

    public static List<Tuple<SiloAddress, DateTime>> Parse(string text) =>
        [.. text.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(part =>
        {
            var comma = part.LastIndexOf(',');
            var ticks = long.Parse(part.AsSpan(comma + 1), CultureInfo.InvariantCulture);
            return Tuple.Create(SiloAddress.FromParsableString(part[..comma]), new DateTime(ticks, DateTimeKind.Utc));
        })];
}
