using Checkpointing.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Providers;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Orleans.Hosting;

/// <summary>Adds SQLite grain storage to a service collection.</summary>
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
public static class SqliteGrainStorageServiceCollectionExtensions
{
    /// <summary>Adds a named SQLite grain storage provider.</summary>
    /// <param name="services">The services of the silo.</param>
    /// <param name="name">The name of the provider, as in <c>[PersistentState("state", "name")]</c>.</param>
    /// <param name="configureOptions">Sets the options; <see cref="SqliteGrainStorageOptions.DataSource"/> is required.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddSqliteGrainStorage(this IServiceCollection services, string name, Action<SqliteGrainStorageOptions> configureOptions) =>
        services.AddSqliteGrainStorage(name, (OptionsBuilder<SqliteGrainStorageOptions> options) => options.Configure(configureOptions));

    /// <summary>Adds SQLite grain storage as the default provider.</summary>
    /// <param name="services">The services of the silo.</param>
    /// <param name="configureOptions">Sets the options; <see cref="SqliteGrainStorageOptions.DataSource"/> is required.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddSqliteGrainStorageAsDefault(this IServiceCollection services, Action<SqliteGrainStorageOptions> configureOptions) =>
        services.AddSqliteGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

    /// <summary>Adds a named SQLite grain storage provider whose options come from configuration or other services.</summary>
    /// <param name="services">The services of the silo.</param>
    /// <param name="name">The name of the provider, as in <c>[PersistentState("state", "name")]</c>.</param>
    /// <param name="configureOptions">Builds the options; <see cref="SqliteGrainStorageOptions.DataSource"/> is required.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddSqliteGrainStorage(this IServiceCollection services, string name, Action<OptionsBuilder<SqliteGrainStorageOptions>> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(configureOptions);

        var options = services.AddOptions<SqliteGrainStorageOptions>(name);
        configureOptions(options);
        options.PostConfigure<IServiceProvider>((configured, provider) => configured.GrainStorageSerializer ??= DefaultSerializer(provider, name));
        services.AddTransient<IConfigurationValidator>(provider => new SqliteGrainStorageOptionsValidator(OptionsOf(provider, name), name));
        services.ConfigureNamedOptionForLogging<SqliteGrainStorageOptions>(name);
        services.TryAddSingleton<OpenDatabases>();
        return services.AddGrainStorage(name, Create);
    }

    private static SqliteGrainStorage Create(IServiceProvider provider, string name)
    {
        var options = OptionsOf(provider, name);

        // A silo has done this at start-up; a container without one has not.
        new SqliteGrainStorageOptionsValidator(options, name).ValidateConfiguration();
        return new SqliteGrainStorage(
            name,
            provider.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId,
            options,
            provider.GetRequiredService<OpenDatabases>(),
            provider.GetRequiredService<IActivatorProvider>());
    }

    private static SqliteGrainStorageOptions OptionsOf(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IOptionsMonitor<SqliteGrainStorageOptions>>().Get(name);

    private static IGrainStorageSerializer DefaultSerializer(IServiceProvider provider, string name) =>
        provider.GetKeyedService<IGrainStorageSerializer>(name) ?? new OrleansGrainStorageSerializer(provider.GetRequiredService<Serializer>());
}
