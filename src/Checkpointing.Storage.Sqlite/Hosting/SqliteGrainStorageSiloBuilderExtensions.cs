using Checkpointing.Storage.Sqlite;
using Microsoft.Extensions.Options;
using Orleans.Providers;

namespace Orleans.Hosting;

/// <summary>Adds SQLite grain storage to a silo.</summary>
/// <remarks>
/// <para>A write or clear that returns is durable: it is synced to disk, together with those that waited beside it.</para>
/// <para>
/// On throw, the caller's grain state is untouched. <see cref="Orleans.Storage.InconsistentStateException"/> and
/// <see cref="OperationCanceledException"/>: the write is not durable. <see cref="SqliteGrainStorageException"/>: it is
/// not durable if <see cref="SqliteGrainStorageException.WriteMayBeDurable"/> is false, which is when it failed before
/// its COMMIT; if true, the write may or may not be durable: read before retrying.
/// </para>
/// <para>Several silo processes on one machine may share the file. A file on a network share is not supported.</para>
/// </remarks>
public static class SqliteGrainStorageSiloBuilderExtensions
{
    /// <summary>Adds a named SQLite grain storage provider.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">The name of the provider, as in <c>[PersistentState("state", "name")]</c>.</param>
    /// <param name="configureOptions">Sets the options; <see cref="SqliteGrainStorageOptions.DataSource"/> is required.</param>
    /// <returns>The same silo builder.</returns>
    public static ISiloBuilder AddSqliteGrainStorage(this ISiloBuilder builder, string name, Action<SqliteGrainStorageOptions> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSqliteGrainStorage(name, configureOptions);
        return builder;
    }

    /// <summary>Adds SQLite grain storage as the default provider.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="configureOptions">Sets the options; <see cref="SqliteGrainStorageOptions.DataSource"/> is required.</param>
    /// <returns>The same silo builder.</returns>
    public static ISiloBuilder AddSqliteGrainStorageAsDefault(this ISiloBuilder builder, Action<SqliteGrainStorageOptions> configureOptions) =>
        builder.AddSqliteGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

    /// <summary>Adds a named SQLite grain storage provider whose options come from configuration or other services.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">The name of the provider, as in <c>[PersistentState("state", "name")]</c>.</param>
    /// <param name="configureOptions">Builds the options; <see cref="SqliteGrainStorageOptions.DataSource"/> is required.</param>
    /// <returns>The same silo builder.</returns>
    public static ISiloBuilder AddSqliteGrainStorage(this ISiloBuilder builder, string name, Action<OptionsBuilder<SqliteGrainStorageOptions>> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSqliteGrainStorage(name, configureOptions);
        return builder;
    }
}
