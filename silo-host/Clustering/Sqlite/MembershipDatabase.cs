using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Checkpointing.SiloHost.Clustering.Sqlite;

/// <summary>
/// The file that holds the membership table. All silo processes of the machine open it; SQLite's locks keep their transactions apart. Every transaction has
/// a connection of its own: they are rare, and a fault cannot outlive one.
/// </summary>
internal sealed class MembershipDatabase(string path)
{
    /// <summary>"CkMb" in ASCII, in SQLite's application_id.</summary>
    private const long ApplicationId = 0x436B4D62;

    /// <summary>In SQLite's user_version. Raise it with every change of <see cref="Schema"/>.</summary>
    private const long SchemaVersion = 1;

    private const int BusyTimeoutMilliseconds = 10_000;

    private const string Schema = """
        CREATE TABLE cluster (
            cluster_id TEXT PRIMARY KEY,
            version    INTEGER NOT NULL,
            etag       TEXT NOT NULL
        ) STRICT;
        CREATE TABLE silo (
            cluster_id      TEXT NOT NULL,
            address         TEXT NOT NULL,
            etag            TEXT NOT NULL,
            status          INTEGER NOT NULL,
            suspect_times   TEXT NOT NULL,
            proxy_port      INTEGER NOT NULL,
            host_name       TEXT,
            silo_name       TEXT,
            role_name       TEXT,
            update_zone     INTEGER NOT NULL,
            fault_zone      INTEGER NOT NULL,
            start_time      INTEGER NOT NULL,
            i_am_alive_time INTEGER NOT NULL,
            PRIMARY KEY (cluster_id, address)
        ) STRICT;
        """;

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    /// <summary>Creates what is missing. Throws <see cref="ClusteringException"/> for a file that is not a membership table; then it is as it was.</summary>
    public void Prepare() => Guard("opened", () =>
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        if (File.Exists(Path))
            Probe();

        using var connection = Open(SqliteOpenMode.ReadWriteCreate);
        Recognise(connection);
        if (Query(connection, "PRAGMA journal_mode = WAL") is not "wal")
            throw new ClusteringException($"The membership file '{Path}' is on a file system without write-ahead logging. Put the data folder on a local disk.");

        using var transaction = connection.BeginTransaction(deferred: false);

        // Another process may have been faster.
        if (!Recognise(connection))
            Query(connection, $"{Schema} PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {SchemaVersion}");

        Query(connection, "SELECT count(etag) FROM silo"); // a damaged schema fails here
        transaction.Commit();
        return true;
    });

    /// <summary>One snapshot of the file.</summary>
    public T Read<T>(Func<MembershipTransaction, T> read) => Run("read", deferred: true, read);

    /// <summary>BEGIN IMMEDIATE: nobody else writes between the first statement and the commit.</summary>
    public T Write<T>(Func<MembershipTransaction, T> write) => Run("written", deferred: false, write);

    private T Run<T>(string what, bool deferred, Func<MembershipTransaction, T> action) => Guard(what, () =>
    {
        using var connection = Open(SqliteOpenMode.ReadWrite);
        using var transaction = connection.BeginTransaction(deferred);
        var result = action(new MembershipTransaction(connection));
        transaction.Commit();
        return result;
    });

    /// <summary>A read-only look first: opening another application's database for writing could change it.</summary>
    private void Probe()
    {
        try
        {
            using var connection = Open(SqliteOpenMode.ReadOnly);
            Recognise(connection);
        }
        catch (SqliteException fault) when (fault.SqliteErrorCode is raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY)
        {
            // Ours may need recovery after a crash, which a read-only connection cannot do. The writable one decides.
        }
    }

    /// <summary>False for an empty file.</summary>
    private bool Recognise(SqliteConnection connection)
    {
        var (id, version) = (Query(connection, "PRAGMA application_id"), Query(connection, "PRAGMA user_version"));
        return (id, version) switch
        {
            (ApplicationId, SchemaVersion) => true,
            (ApplicationId, > SchemaVersion) => throw new ClusteringException(
                $"The membership file '{Path}' was written by a newer version of this program (schema {version}; known: {SchemaVersion}). It was left as it is. Update, or name another data folder."),
            (0L, 0L) when Query(connection, "SELECT count(*) FROM sqlite_schema") is 0L => false,
            _ => throw new ClusteringException(
                $"The file '{Path}' is a database of another application, not a membership table. It was left as it is. Name another data folder, or move the file away."),
        };
    }

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = BusyTimeoutMilliseconds / 1000,
        }.ToString());
        try
        {
            connection.Open();
            SqliteException.ThrowExceptionForRC(raw.sqlite3_busy_timeout(connection.Handle, BusyTimeoutMilliseconds), connection.Handle);

            // A power cut may undo the last writes. It ends all silos of the file too, and only living ones have a use for them.
            Query(connection, "PRAGMA synchronous = NORMAL");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private T Guard<T>(string what, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception fault) when (fault is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new ClusteringException($"The membership file '{Path}' could not be {what}: {Describe(fault)}", fault);
        }
    }

    private static string Describe(Exception fault) => (fault as SqliteException)?.SqliteErrorCode switch
    {
        raw.SQLITE_NOTADB => "it is not an SQLite database. It was left as it is. Name another data folder, or move the file away.",
        raw.SQLITE_CORRUPT or raw.SQLITE_ERROR => "it is damaged. Stop all silos and move it away: it holds nothing that outlives them.",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => $"another process held its lock for {BusyTimeoutMilliseconds / 1000} s. Nothing was changed.",
        raw.SQLITE_FULL => "the disk is full. Nothing was changed.",
        raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM => "let the silo's user create and write files in its folder.",
        _ => fault.Message,
    };

    private static object? Query(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constant statements reach this.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }
}
