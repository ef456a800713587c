namespace Checkpointing.Storage.Sqlite;

/// <summary>What kind of fault a <see cref="SqliteGrainStorageException"/> reports.</summary>
public enum SqliteStorageFailure
{
    /// <summary>Any other fault of SQLite or the disk; see the inner exception.</summary>
    InputOutput = 0,

    /// <summary>The file is not an SQLite database, or its header is destroyed. It was left as it is.</summary>
    NotADatabase,

    /// <summary>The file is an SQLite database of another application. It was left as it is.</summary>
    ForeignDatabase,

    /// <summary>The file was written by a later version of this package. It was left as it is.</summary>
    NewerSchema,

    /// <summary>Part of the file is damaged. It was left as it is.</summary>
    Corrupt,

    /// <summary>There is no room on the disk, or <see cref="SqliteGrainStorageOptions.MaximumFileSize"/> is reached. Reads go on.</summary>
    DiskFull,

    /// <summary>The file or its directory cannot be opened for writing.</summary>
    NotWritable,

    /// <summary>Another connection or process held its lock for longer than <see cref="SqliteGrainStorageOptions.BusyTimeout"/>.</summary>
    Locked,

    /// <summary>The record is there, but the serializer cannot turn it into the requested type.</summary>
    UnreadableRecord,

    /// <summary>The serialized state is larger than SQLite can hold in one record (about 1,000,000,000 bytes).</summary>
    RecordTooLarge,

    /// <summary>The provider is closed: the silo has stopped.</summary>
    Closed,
}
