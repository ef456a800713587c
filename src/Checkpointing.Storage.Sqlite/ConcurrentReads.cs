using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Checkpointing.Storage.Sqlite;

/// <summary>Reads next to each other and next to the writer, each on a connection of its own; connections are kept for reuse.</summary>
internal sealed class ConcurrentReads(DatabaseSettings settings) : IDisposable
{
    private readonly ConcurrentBag<SqliteConnection> _idle = [];
    private readonly SemaphoreSlim _slots = new(settings.MaximumConcurrentReads);
    private volatile bool _closed;

    public async Task<StoredRecord?> Read(RecordKey key, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            // SQLite blocks its thread: keep it away from the grain's scheduler.
            return await Task.Run(() => ReadNow(key), cancellationToken);
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose()
    {
        _closed = true;
        for (var i = 0; i < settings.MaximumConcurrentReads; i++)
            _slots.Wait();
        while (_idle.TryTake(out var connection))
            connection.Dispose();

        // Readers that still wait for a slot find the storage closed; so the semaphore itself is left to the collector.
        _slots.Release(settings.MaximumConcurrentReads);
    }

    private StoredRecord? ReadNow(RecordKey key)
    {
        if (_closed)
            throw StorageFault.Closed(settings.FullPath, key);
        SqliteConnection? connection = null;
        try
        {
            if (!_idle.TryTake(out connection))
                connection = DatabaseFile.OpenForReading(settings);
            var record = Select(connection, key);
            _idle.Add(connection);
            return record;
        }
        catch (SqliteException fault)
        {
            connection?.Dispose();
            throw StorageFault.WhileReading(settings.FullPath, key, fault);
        }
    }

    private static StoredRecord? Select(SqliteConnection connection, RecordKey key)
    {
        using var command = RecordStatement.Create(connection, $"SELECT etag, state FROM record WHERE {RecordStatement.KeyMatches}");
        RecordStatement.SetKey(command, key);
        using var row = command.ExecuteReader();
        return row.Read() ? new StoredRecord(row.GetString(0), row.GetFieldValue<byte[]>(1)) : null;
    }
}
