using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Checkpointing.Storage.Sqlite;

/// <summary>Opens connections with the same settings everywhere.</summary>
/// <remarks>
/// The file is never opened by other means than SQLite: closing any descriptor of a file drops all POSIX locks that
/// the process holds on it, those of SQLite's other connections included.
/// </remarks>
internal static class DatabaseConnection
{
    public static SqliteConnection Open(DatabaseSettings settings, SqliteOpenMode mode)
    {
        var connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = settings.FullPath,
            Mode = mode,
            Pooling = false, // a closed provider must not keep the file open
            DefaultTimeout = Math.Max(1, (int)Math.Ceiling(settings.BusyTimeout.TotalSeconds)),
        };
        var connection = new SqliteConnection(connectionString.ToString());
        try
        {
            connection.Open();
            Check(connection, raw.sqlite3_busy_timeout(connection.Handle, (int)settings.BusyTimeout.TotalMilliseconds));
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs a statement at once: it waits for locks only as long as the busy timeout says.</summary>
    public static void Execute(this SqliteConnection connection, string sql) =>
        Check(connection, raw.sqlite3_exec(connection.Handle, sql));

    public static long QueryInteger(this SqliteConnection connection, string sql) =>
        Convert.ToInt64(connection.QueryScalar(sql), CultureInfo.InvariantCulture);

    public static object? QueryScalar(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constant statements and numbers reach this.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    public static bool InTransaction(this SqliteConnection connection) => raw.sqlite3_get_autocommit(connection.Handle) == 0;

    public static bool IsReadOnly(this SqliteConnection connection) => raw.sqlite3_db_readonly(connection.Handle, "main") == 1;

    private static void Check(SqliteConnection connection, int resultCode) => SqliteException.ThrowExceptionForRC(resultCode, connection.Handle);
}
