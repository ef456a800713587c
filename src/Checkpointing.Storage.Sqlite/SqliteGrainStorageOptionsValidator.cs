
namespace Checkpointing.Storage.Sqlite;

internal sealed class SqliteGrainStorageOptionsValidator(SqliteGrainStorageOptions options, string providerName) : IConfigurationValidator
{
    internal const long SmallestFileSize = 65_536;
    private static readonly TimeSpan LongestBusyTimeout = TimeSpan.FromMinutes(5);

    public void ValidateConfiguration()
    {
        ValidateDataSource(options.DataSource);
        if (options.KeySpace is { } keySpace && string.IsNullOrWhiteSpace(keySpace))
            throw Invalid(nameof(options.KeySpace), "is blank. Leave it null to use the provider's name");
        if (options.MaximumWritesPerTransaction is < 1 or > 10_000)
            throw Invalid(nameof(options.MaximumWritesPerTransaction), $"is {options.MaximumWritesPerTransaction}. Choose 1 to 10,000 writes");
        if (options.BusyTimeout < TimeSpan.Zero || options.BusyTimeout > LongestBusyTimeout)
            throw Invalid(nameof(options.BusyTimeout), $"is {options.BusyTimeout}. Choose 0 to 5 minutes");
        if (options.MaximumConcurrentReads is < 1 or > 256)
            throw Invalid(nameof(options.MaximumConcurrentReads), $"is {options.MaximumConcurrentReads}. Choose 1 to 256 reads");
        if (options.MaximumFileSize < SmallestFileSize)
            throw Invalid(nameof(options.MaximumFileSize), $"is {options.MaximumFileSize} bytes. Choose at least {SmallestFileSize} bytes, or null for no limit");
        if (options.GrainStorageSerializer is null)
            throw Invalid(nameof(options.GrainStorageSerializer), "is null. Leave it unset to use the Orleans binary serializer");
    }

    private void ValidateDataSource(string? dataSource)
    {
        if (string.IsNullOrWhiteSpace(dataSource))
            throw Invalid(nameof(options.DataSource), "is missing. Name the database file, for example \"data/checkpoints.db\"");
        if (dataSource.StartsWith(':') || dataSource.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            throw Invalid(nameof(options.DataSource), $"is \"{dataSource}\". Name a file: in-memory databases and URIs are not supported");
        if (dataSource.Contains('\0'))
            throw Invalid(nameof(options.DataSource), "contains a null character. Name a file");
        if (Path.EndsInDirectorySeparator(dataSource) || Directory.Exists(dataSource))
            throw Invalid(nameof(options.DataSource), $"is \"{dataSource}\", a directory. Name a file in it");
    }

    private OrleansConfigurationException Invalid(string option, string problem) =>
        new($"SQLite grain storage provider '{providerName}': {nameof(SqliteGrainStorageOptions)}.{option} {problem}.");
}
