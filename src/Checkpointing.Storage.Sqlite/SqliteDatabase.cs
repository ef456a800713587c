using Microsoft.Extensions.Logging;

namespace Checkpointing.Storage.Sqlite;

/// <summary>One open database file: its writer and its readers.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly ILogger _logger;
    private readonly GroupCommit _writer;
    private readonly ConcurrentReads _reads;

    public SqliteDatabase(DatabaseSettings settings, ILogger logger)
    {
        Settings = settings;
        _logger = logger;
        _writer = new GroupCommit(settings, logger);
        _reads = new ConcurrentReads(settings);
        Log.Opened(logger, settings.FullPath);
    }

    public DatabaseSettings Settings { get; }

    /// <summary>How many transactions were committed since the file was opened.</summary>
    public long CommittedTransactions => _writer.CommittedTransactions;

    public long CommittedWrites => _writer.CommittedWrites;

    public Task<StoredRecord?> Read(RecordKey key, CancellationToken cancellationToken) => _reads.Read(key, cancellationToken);

    /// <summary>Writes, or deletes if <paramref name="state"/> is null; completes with the new ETag once it is durable.</summary>
    public Task<string?> Write(RecordKey key, string? expectedETag, byte[]? state, CancellationToken cancellationToken) =>
        _writer.Enqueue(new PendingWrite(key, expectedETag, state, cancellationToken));

    /// <summary>Finishes the writes that wait, or refuses them once the token asks for it; then nothing more is written.</summary>
    public void FinishWrites(CancellationToken cancellationToken) => _writer.Finish(cancellationToken);

    public void Dispose()
    {
        _writer.Dispose();
        _reads.Dispose();
        Log.Closed(_logger, Settings.FullPath, CommittedTransactions, CommittedWrites);
    }
}
