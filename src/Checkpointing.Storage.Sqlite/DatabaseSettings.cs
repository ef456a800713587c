namespace Checkpointing.Storage.Sqlite;

/// <summary>What all providers that share a file must agree on.</summary>
internal sealed record DatabaseSettings(
    string FullPath,
    int MaximumWritesPerTransaction,
    TimeSpan BusyTimeout,
    int MaximumConcurrentReads,
    long? MaximumFileSize)
{
    public static DatabaseSettings From(SqliteGrainStorageOptions options) => new(
        Path.GetFullPath(options.DataSource),
        options.MaximumWritesPerTransaction,
        options.BusyTimeout,
        options.MaximumConcurrentReads,
        options.MaximumFileSize);
}
