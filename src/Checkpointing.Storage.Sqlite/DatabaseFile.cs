using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Checkpointing.Storage.Sqlite;

/// <summary>Opens or creates the database file; a file that is not ours is recognised before anything is written to it.</summary>
internal static class DatabaseFile
{
    /// <summary>"CkPt" in ASCII, in SQLite's application_id.</summary>
    public const int ApplicationId = 0x436B5074;

    /// <summary>In SQLite's user_version. Raise it with every change of <see cref="Schema"/>.</summary>
    public const int SchemaVersion = 1;

    private const string Schema = """
        CREATE TABLE record (
            id         INTEGER PRIMARY KEY,
            service_id BLOB NOT NULL,
            key_space  BLOB NOT NULL,
            state_name BLOB NOT NULL,
            grain_type BLOB NOT NULL,
            grain_key  BLOB NOT NULL,
            etag       TEXT NOT NULL,
            state      BLOB NOT NULL,
            UNIQUE (grain_key, grain_type, state_name, key_space, service_id)
        ) STRICT;
        """;

    private enum Content
    {
        Empty,
        Ours,
    }

    /// <summary>Opens the connection of the writer. Throws <see cref="SqliteGrainStorageException"/>; then the file is as it was.</summary>
    public static SqliteConnection OpenForWriting(DatabaseSettings settings)
    {
        CreateDirectory(settings.FullPath);
        try
        {
            if (File.Exists(settings.FullPath))
                Probe(settings);
            var connection = DatabaseConnection.Open(settings, SqliteOpenMode.ReadWriteCreate);
            try
            {
                Prepare(connection, settings);
                return connection;
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        catch (SqliteException fault)
        {
            throw StorageFault.WhileOpening(settings.FullPath, fault);
        }
    }

    public static SqliteConnection OpenForReading(DatabaseSettings settings)
    {
        // Not SqliteOpenMode.ReadOnly: readers of a write-ahead log must be able to update its shared index.
        var connection = DatabaseConnection.Open(settings, SqliteOpenMode.ReadWrite);
        try
        {
            connection.Execute("PRAGMA query_only = ON");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void CreateDirectory(string path)
    {
        var directory = Path.GetDirectoryName(path);
        try
        {
            if (!string.IsNullOrEmpty(directory))
                Directory.CreateDirectory(directory);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw StorageFault.DirectoryNotCreated(path, directory!, fault);
        }
    }

    /// <summary>
    /// Looks at the file through a read-only connection. A writable one would recover a foreign database's journal
    /// and merge its log on closing.
    /// </summary>
    private static void Probe(DatabaseSettings settings)
    {
        try
        {
            using var connection = DatabaseConnection.Open(settings, SqliteOpenMode.ReadOnly);
            Recognise(connection, settings.FullPath);
        }
        catch (SqliteException fault) when (fault.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY)
        {
            // After a crash, ours may need recovery, which a read-only connection cannot do. The writable one decides.
        }
    }

    private static Content Recognise(SqliteConnection connection, string path)
    {
        // One transaction, one snapshot: another process may create the schema at this moment.
        connection.Execute("BEGIN");
        try
        {
            return RecogniseInTransaction(connection, path);
        }
        finally
        {
            if (connection.InTransaction())
                connection.Execute("ROLLBACK");
        }
    }

    private static Content RecogniseInTransaction(SqliteConnection connection, string path)
    {
        var applicationId = connection.QueryInteger("PRAGMA application_id");
        var version = connection.QueryInteger("PRAGMA user_version");
        if (applicationId == ApplicationId)
        {
            return version switch
            {
                SchemaVersion => Content.Ours,
                > SchemaVersion => throw StorageFault.NewerSchema(path, version, SchemaVersion),
                _ => throw StorageFault.ForeignDatabase(path),
            };
        }

        var isEmpty = applicationId == 0 && version == 0 && connection.QueryInteger("SELECT count(*) FROM sqlite_schema") == 0;
        return isEmpty ? Content.Empty : throw StorageFault.ForeignDatabase(path);
    }

    private static void Prepare(SqliteConnection connection, DatabaseSettings settings)
    {
        if (connection.IsReadOnly())
            throw StorageFault.NotWritable(settings.FullPath);
        var content = Recognise(connection, settings.FullPath);
        if (!string.Equals(connection.QueryScalar("PRAGMA journal_mode = WAL") as string, "wal", StringComparison.Ordinal))
            throw StorageFault.NoWriteAheadLog(settings.FullPath);
        connection.Execute("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA journal_size_limit = 67108864");
        if (settings.MaximumFileSize is { } bytes)
            connection.QueryInteger($"PRAGMA max_page_count = {bytes / connection.QueryInteger("PRAGMA page_size")}");
        if (content == Content.Empty)
            CreateSchema(connection, settings.FullPath);
        connection.QueryScalar("SELECT etag FROM record LIMIT 1"); // a damaged schema fails here, not in a grain
    }

    private static void CreateSchema(SqliteConnection connection, string path)
    {
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            // Another process may have been faster.
            if (RecogniseInTransaction(connection, path) == Content.Empty)
                connection.Execute($"{Schema} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {SchemaVersion}");
            connection.Execute("COMMIT");
        }
        finally
        {
            if (connection.InTransaction())
                connection.Execute("ROLLBACK");
        }
    }
}
