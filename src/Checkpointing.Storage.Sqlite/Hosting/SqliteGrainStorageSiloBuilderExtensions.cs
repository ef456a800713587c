using Checkpointing.Storage.Sqlite;
using Microsoft.Extensions.Options;
using Orleans.Providers;

namespace Orleans.Hosting;

/// <summary>Adds SQLite grain storage to a silo.</summary>
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
