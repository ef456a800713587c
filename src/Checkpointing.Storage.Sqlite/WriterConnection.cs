using Microsoft.Data.Sqlite;
using Orleans.Storage;

namespace Checkpointing.Storage.Sqlite;

/// <summary>The one connection that writes, with its prepared statements. Used by the writer's thread only.</summary>
internal sealed class WriterConnection : IDisposable
{
    private readonly string _path;
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _find;
    private readonly SqliteCommand _insert;
    private readonly SqliteCommand _update;
    private readonly SqliteCommand _delete;

    public WriterConnection(DatabaseSettings settings)
    {
        _path = settings.FullPath;
        _connection = DatabaseFile.OpenForWriting(settings);
        _find = RecordStatement.Create(_connection, $"SELECT id, etag FROM record WHERE {RecordStatement.KeyMatches}");
        _insert = RecordStatement.Create(_connection, $"INSERT INTO record ({RecordStatement.KeyColumns}, etag, state) VALUES ({RecordStatement.KeyParameters}, $etag, $state)");
        _update = RecordStatement.Create(_connection, "UPDATE record SET etag = $etag, state = $state WHERE id = $id");
        _delete = RecordStatement.Create(_connection, "DELETE FROM record WHERE id = $id");
    }

    /// <summary>Takes the write lock of the file, among all processes, so that what <see cref="Apply"/> reads stays true.</summary>
    public void Begin() => _connection.Execute("BEGIN IMMEDIATE");

    public void Commit() => _connection.Execute("COMMIT");

    public void RollBack()
    {
        // Some faults, a full disk among them, make SQLite roll back by itself.
        if (_connection.InTransaction())
            _connection.Execute("ROLLBACK");
    }

    /// <summary>Lets the log be used again from its start, which may make room on a full disk.</summary>
    public void ReuseLog() => _connection.QueryScalar("PRAGMA wal_checkpoint(PASSIVE)");

    /// <summary>Judges one write on its ETag and, if it holds, performs it within the open transaction.</summary>
    public Verdict Apply(PendingWrite write)
    {
        var (id, storedETag) = Find(write.Key);
        if (!string.Equals(storedETag, write.ExpectedETag, StringComparison.Ordinal))
            return Verdict.Rejected(Conflict(write, storedETag));
        if (write.State is null)
        {
            if (storedETag is not null)
                Run(_delete, id);
            return Verdict.Accepted(newETag: null);
        }

        // Unique for ever, not a counter: an ETag from before a clear, or from before a restored backup, must not match again.
        var newETag = Guid.NewGuid().ToString("N");
        var statement = storedETag is null ? _insert : _update;
        statement.Parameters["$etag"].Value = newETag;
        statement.Parameters["$state"].Value = write.State;
        if (storedETag is null)
            RecordStatement.SetKey(statement, write.Key);
        Run(statement, id);
        statement.Parameters["$state"].Value = DBNull.Value; // do not hold on to the bytes
        return Verdict.Accepted(newETag);
    }

    public void Dispose()
    {
        _find.Dispose();
        _insert.Dispose();
        _update.Dispose();
        _delete.Dispose();
        _connection.Dispose();
    }

    private static void Run(SqliteCommand statement, long id)
    {
        if (statement.Parameters.Contains("$id"))
            statement.Parameters["$id"].Value = id;
        statement.ExecuteNonQuery();
    }

    private (long Id, string? ETag) Find(RecordKey key)
    {
        RecordStatement.SetKey(_find, key);
        using var row = _find.ExecuteReader();
        return row.Read() ? (row.GetInt64(0), row.GetString(1)) : (0, null);
    }

    private InconsistentStateException Conflict(PendingWrite write, string? storedETag) => new(
        $"SQLite grain storage rejected a write of {write.Key} to '{_path}': the caller's ETag is {Show(write.ExpectedETag)}, the stored one is {Show(storedETag)}. "
        + "Nothing was written: the record is as it was. Read it again before writing.",
        storedETag,
        write.ExpectedETag);

    private static string Show(string? etag) => etag is null ? "null (no record)" : $"'{etag}'";
}
