using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Checkpointing.Storage.Sqlite;

/// <summary>Why a transaction failed, and whether its COMMIT had begun.</summary>
internal sealed record CommitFault(Exception Cause, bool Committing)
{
    public bool IsDiskFull => Cause is SqliteException { SqliteErrorCode: raw.SQLITE_FULL };

    /// <summary>After anything but a full disk or a lock, the connection is opened anew.</summary>
    public bool ConnectionIsSuspect => Cause is not SqliteException { SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_BUSY or raw.SQLITE_LOCKED };

    /// <summary>Each caller gets an exception of its own: it names its record, and a shared one would mix up stack traces.</summary>
    public SqliteGrainStorageException For(string path, RecordKey key) => Cause switch
    {
        SqliteException fault => StorageFault.WhileWriting(path, key, fault, Committing),
        SqliteGrainStorageException fault => StorageFault.WhileReopening(path, key, fault),
        _ => StorageFault.WriterFault(path, key, Cause, Committing),
    };
}
