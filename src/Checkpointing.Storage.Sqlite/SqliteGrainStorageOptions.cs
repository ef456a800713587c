using Orleans.Storage;

namespace Checkpointing.Storage.Sqlite;

/// <summary>Settings of one SQLite grain storage provider.</summary>
/// <remarks>
/// Providers that name the same file in one silo share its writer, so they must agree on
/// <see cref="MaximumWritesPerTransaction"/>, <see cref="BusyTimeout"/>, <see cref="MaximumConcurrentReads"/>
/// and <see cref="MaximumFileSize"/>.
/// </remarks>
public sealed class SqliteGrainStorageOptions : IStorageProviderSerializerOptions
{
    /// <summary>The database file. A relative path is taken from the current directory; missing directories are created.</summary>
    /// <value>Required. Must be a path on a local file system: write-ahead logging does not work over a network.</value>
    public string DataSource { get; set; } = "";

    /// <summary>Keeps the records of this provider apart from those of other providers in the same file.</summary>
    /// <value>
    /// Defaults to the provider's name. Set it to the old name when a provider is renamed: under another key space
    /// the records that exist are not found.
    /// </value>
    public string? KeySpace { get; set; }

    /// <summary>How many waiting writes are committed together, at most. Each transaction costs one sync of the disk.</summary>
    /// <value>Defaults to 64 writes. Between 1 and 10,000. A write never waits for a group to fill.</value>
    public int MaximumWritesPerTransaction { get; set; } = 64;

    /// <summary>How long a transaction or a read waits for a lock that another connection or process holds on the file.</summary>
    /// <value>Defaults to 10 seconds. Between 0 (fail at once) and 5 minutes. Reads round it up to whole seconds.</value>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many reads run at the same time, at most; each has its own connection. Others wait their turn.</summary>
    /// <value>Defaults to the number of processors. Between 1 and 256.</value>
    public int MaximumConcurrentReads { get; set; } = Math.Clamp(Environment.ProcessorCount, 1, 256);

    /// <summary>The size at which the database file stops growing, in bytes; its write-ahead log is not counted.</summary>
    /// <value>Defaults to <see langword="null"/>: as large as the disk allows. At least 65,536 bytes.</value>
    public long? MaximumFileSize { get; set; }

    /// <summary>Turns grain state into bytes and back.</summary>
    /// <value>
    /// Defaults to the serializer registered under the provider's name, or else to the Orleans binary serializer
    /// (<see cref="OrleansGrainStorageSerializer"/>).
    /// </value>
    public IGrainStorageSerializer GrainStorageSerializer { get; set; } = null!;
}
