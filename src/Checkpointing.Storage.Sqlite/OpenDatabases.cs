using Microsoft.Extensions.Logging;

namespace Checkpointing.Storage.Sqlite;

/// <summary>The files that the providers of one silo have open: one writer per file, however many providers share it.</summary>
internal sealed class OpenDatabases(ILogger<SqliteDatabase> logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (SqliteDatabase Database, int Users)> _open = new(StringComparer.Ordinal);

    public SqliteDatabase Acquire(DatabaseSettings settings, string providerName)
    {
        lock (_lock)
        {
            if (!_open.TryGetValue(settings.FullPath, out var entry))
                entry = (new SqliteDatabase(settings, logger), 0);
            else if (entry.Database.Settings != settings)
                throw DifferentSettings(settings, providerName);
            _open[settings.FullPath] = (entry.Database, entry.Users + 1);
            return entry.Database;
        }
    }

    /// <summary>Closes the file when its last user leaves: see <see cref="SqliteDatabase.FinishWrites"/>.</summary>
    public void Release(SqliteDatabase database, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var users = _open[database.Settings.FullPath].Users - 1;
            if (users > 0)
            {
                _open[database.Settings.FullPath] = (database, users);
                return;
            }

            _open.Remove(database.Settings.FullPath);
        }

        database.FinishWrites(cancellationToken);
        database.Dispose();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (database, _) in _open.Values)
                database.Dispose();
            _open.Clear();
        }
    }

    private static OrleansConfigurationException DifferentSettings(DatabaseSettings settings, string providerName) => new(
        $"SQLite grain storage provider '{providerName}' shares the file '{settings.FullPath}' with another provider, but their settings differ. "
        + $"Give both the same {nameof(SqliteGrainStorageOptions.MaximumWritesPerTransaction)}, {nameof(SqliteGrainStorageOptions.BusyTimeout)}, "
        + $"{nameof(SqliteGrainStorageOptions.MaximumConcurrentReads)} and {nameof(SqliteGrainStorageOptions.MaximumFileSize)}, or files of their own.");
}
