using System.Runtime.InteropServices;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Checkpointing.Storage.Sqlite;

/// <summary>Grain storage in an SQLite file.</summary>
/// <remarks>
/// <para>A write or clear that returns is durable: its transaction was synced to disk.</para>
/// <para>
/// One that throws left the caller's grain state untouched, and:
/// <see cref="InconsistentStateException"/>, <see cref="OperationCanceledException"/>: not durable, ever.
/// <see cref="SqliteGrainStorageException"/>: not durable if it failed before its COMMIT
/// (<see cref="SqliteGrainStorageException.WriteMayBeDurable"/> is false); if the COMMIT itself failed, the write may
/// or may not be durable: read before retrying.
/// </para>
/// <para>Cancellation counts until the writer takes the write into a transaction; from then on the outcome is awaited.</para>
/// </remarks>
internal sealed class SqliteGrainStorage(
    string providerName,
    string serviceId,
    SqliteGrainStorageOptions options,
    OpenDatabases databases,
    IActivatorProvider activators) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    /// <summary>SQLite's limit is 1,000,000,000 bytes for a whole row; the key takes its share.</summary>
    internal const int LargestState = 1_000_000_000 - 1_048_576;

    private readonly byte[] _serviceId = RecordKey.Encode(serviceId);
    private readonly byte[] _keySpace = RecordKey.Encode(options.KeySpace ?? providerName);
    private readonly IGrainStorageSerializer _serializer = options.GrainStorageSerializer;
    private readonly DatabaseSettings _settings = DatabaseSettings.From(options);
    private readonly Lock _lock = new();
    private SqliteDatabase? _database;
    private bool _closed;

    /// <summary>For tests: the file this provider has open.</summary>
    internal SqliteDatabase? Database => _database;

    public void Participate(ISiloLifecycle lifecycle) =>
        // Opened before and closed after everything that holds grains: deactivation still writes.
        lifecycle.Subscribe(
            $"{nameof(SqliteGrainStorage)}-{providerName}",
            ServiceLifecycleStage.RuntimeStorageServices,
            cancellationToken => Task.Run(() => Open(key: null), cancellationToken),
            cancellationToken => Task.Run(() => Close(cancellationToken), CancellationToken.None));

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ReadStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var key = KeyOf(stateName, grainId);
        var record = await Open(key).Read(key, cancellationToken);
        grainState.State = record is null ? EmptyState.Create<T>(activators) : Deserialize<T>(key, record.State);
        grainState.ETag = record?.ETag;
        grainState.RecordExists = record is not null;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        WriteStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var key = KeyOf(stateName, grainId);
        var database = Open(key); // first: a closed silo's serializer fails in less clear ways
        var state = Serialize(key, grainState.State);
        grainState.ETag = await database.Write(key, grainState.ETag, state, cancellationToken);
        grainState.RecordExists = true;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        ClearStateAsync(stateName, grainId, grainState, CancellationToken.None);

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var key = KeyOf(stateName, grainId);
        var empty = EmptyState.Create<T>(activators); // first: a constructor that throws must not make a done clear look failed
        await Open(key).Write(key, grainState.ETag, state: null, cancellationToken);
        grainState.State = empty;
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    public void Dispose() => Close(CancellationToken.None);

    private RecordKey KeyOf(string stateName, GrainId grainId) => new(_serviceId, _keySpace, stateName, grainId);

    private byte[] Serialize<T>(RecordKey key, T? state)
    {
        var bytes = _serializer.Serialize(state).ToMemory();
        if (bytes.Length > LargestState)
            throw StorageFault.RecordTooLarge(_settings.FullPath, key, bytes.Length, LargestState);
        return MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Array is { } array && array.Length == bytes.Length
            ? array
            : bytes.ToArray();
    }

    private T? Deserialize<T>(RecordKey key, byte[] state)
    {
        try
        {
            return _serializer.Deserialize<T>(new BinaryData(state));
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            throw StorageFault.UnreadableRecord(_settings.FullPath, key, typeof(T), fault);
        }
    }

    /// <summary>The silo's lifecycle opens the file; without one (a tool, a test) the first use does.</summary>
    private SqliteDatabase Open(RecordKey? key)
    {
        lock (_lock)
        {
            if (_closed)
                throw StorageFault.Closed(_settings.FullPath, key);
            return _database ??= databases.Acquire(_settings, providerName);
        }
    }

    private void Close(CancellationToken cancellationToken)
    {
        SqliteDatabase? database;
        lock (_lock)
        {
            _closed = true;
            (database, _database) = (_database, null);
        }

        if (database is not null)
            databases.Release(database, cancellationToken);
    }
}
