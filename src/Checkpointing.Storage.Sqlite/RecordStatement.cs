using Microsoft.Data.Sqlite;

namespace Checkpointing.Storage.Sqlite;

/// <summary>The parts that the statements on records have in common.</summary>
internal static class RecordStatement
{
    public const string KeyColumns = "grain_key, grain_type, state_name, key_space, service_id";

    public const string KeyParameters = "$grain_key, $grain_type, $state_name, $key_space, $service_id";

    public const string KeyMatches =
        "grain_key = $grain_key AND grain_type = $grain_type AND state_name = $state_name AND key_space = $key_space AND service_id = $service_id";

    private static readonly string[] Parameters = ["$grain_key", "$grain_type", "$state_name", "$key_space", "$service_id", "$etag", "$state", "$id"];

    public static SqliteCommand Create(SqliteConnection connection, string sql)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constant statements reach this.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var parameter in Parameters.Where(name => sql.Contains(name, StringComparison.Ordinal)))
            command.Parameters.AddWithValue(parameter, DBNull.Value);
        return command;
    }

    public static void SetKey(SqliteCommand command, RecordKey key)
    {
        command.Parameters["$grain_key"].Value = key.GrainKey;
        command.Parameters["$grain_type"].Value = key.GrainType;
        command.Parameters["$state_name"].Value = key.StateNameBytes;
        command.Parameters["$key_space"].Value = key.KeySpace;
        command.Parameters["$service_id"].Value = key.ServiceId;
    }
}
