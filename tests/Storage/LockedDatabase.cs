using Microsoft.Data.Sqlite;

namespace Checkpointing.Storage.Tests;

/// <summary>Holds the write lock of a file, as another process would, until it is disposed.</summary>
internal sealed class LockedDatabase : IDisposable
{
    private readonly SqliteConnection _connection;

    public LockedDatabase(SqliteTestStorage sqlite)
        : this(sqlite.Database.Settings.FullPath)
    {
    }

    public LockedDatabase(string path)
    {
        _connection = new SqliteConnection($"Data Source={path};Pooling=False");
        _connection.Open();
        Execute("BEGIN IMMEDIATE");
    }

    public void Dispose()
    {
        Execute("ROLLBACK");
        _connection.Dispose();
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
#pragma warning disable CA2100 // Constant statements only.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
