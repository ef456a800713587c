using Checkpointing.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Storage;

namespace Checkpointing.Storage.Tests;

/// <summary>A provider in a container of its own, as one silo has it.</summary>
internal sealed class SqliteTestStorage : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public SqliteTestStorage(string dataSource, Action<SqliteGrainStorageOptions>? configure = null)
        : this(services => services.AddSqliteGrainStorage("test", Configured(dataSource, configure)))
    {
    }

    private SqliteTestStorage(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSerializer();
        configure(services);
        _services = services.BuildServiceProvider();
    }

    public IGrainStorage Storage => Named("test");

    public IServiceProvider Services => _services;

    /// <summary>The open file; there is one after the first use.</summary>
    public SqliteDatabase Database => ((SqliteGrainStorage)Storage).Database!;

    public static SqliteTestStorage WithProviders(string dataSource, params (string Name, Action<SqliteGrainStorageOptions>? Configure)[] providers) =>
        new(services =>
        {
            foreach (var (name, configure) in providers)
                services.AddSqliteGrainStorage(name, Configured(dataSource, configure));
        });

    public IGrainStorage Named(string name) => _services.GetRequiredKeyedService<IGrainStorage>(name);

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private static Action<SqliteGrainStorageOptions> Configured(string dataSource, Action<SqliteGrainStorageOptions>? configure) =>
        options =>
        {
            options.DataSource = dataSource;
            configure?.Invoke(options);
        };
}
