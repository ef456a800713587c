using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Storage.Sqlite;

/// <summary>
/// The one writer of a file: a thread that commits all writes that wait, up to a maximum, in one transaction.
/// A commit costs a sync of the disk however many writes it holds.
/// </summary>
/// <remarks>
/// A group shares its transaction but not its fate: each write is judged on its own ETag, in order of arrival.
/// Verdicts are told after the COMMIT only, rejections too: they may rest on a write of the same group.
/// </remarks>
internal sealed class GroupCommit : IDisposable
{
    private readonly DatabaseSettings _settings;
    private readonly ILogger _logger;
    private readonly BlockingCollection<PendingWrite> _queue = [];
    private readonly Thread _thread;
    private WriterConnection? _connection;
    private volatile bool _refuseWaiting;
    private long _committedTransactions;
    private long _committedWrites;

    /// <summary>Opens the file and starts the writer. Throws <see cref="SqliteGrainStorageException"/> if the file cannot be used.</summary>
    public GroupCommit(DatabaseSettings settings, ILogger logger)
    {
        _settings = settings;
        _logger = logger;
        _connection = new WriterConnection(settings);
        _thread = new Thread(Run) { IsBackground = true, Name = $"SQLite writer {Path.GetFileName(settings.FullPath)}" };
        _thread.Start();
    }

    public long CommittedTransactions => Interlocked.Read(ref _committedTransactions);

    public long CommittedWrites => Interlocked.Read(ref _committedWrites);

    public Task<string?> Enqueue(PendingWrite write)
    {
        try
        {
            _queue.Add(write, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            Refuse(write);
        }

        return write.Outcome;
    }

    /// <summary>Takes no more writes and returns when those that wait are committed, or refused because the token asked for it.</summary>
    public void Finish(CancellationToken cancellationToken)
    {
        _queue.CompleteAdding();
        using (cancellationToken.UnsafeRegister(static self => ((GroupCommit)self!)._refuseWaiting = true, this))
            _thread.Join();
    }

    public void Dispose()
    {
        Finish(CancellationToken.None);
        _queue.Dispose();
    }

    private void Run()
    {
        var refused = 0;
        while (_queue.TryTake(out var first, Timeout.Infinite))
        {
            if (!_refuseWaiting)
                CommitNext(first);
            else if (Refuse(first))
                refused++;
        }

        if (refused > 0)
            Log.WritesRefused(_logger, _settings.FullPath, refused);
        CloseConnection();
    }

    private void CommitNext(PendingWrite first)
    {
        List<PendingWrite> group = [];
        if (TryCommit(group, first) is not { } fault)
            return;
        if (fault.IsDiskFull && group.Count > 1)
        {
            CommitOneByOne(group);
            return;
        }

        Fail(group, fault);
    }

    /// <summary>On a full disk a write that does not fit must not take smaller ones with it.</summary>
    private void CommitOneByOne(List<PendingWrite> group)
    {
        Log.GroupSplit(_logger, _settings.FullPath, group.Count);
        foreach (var write in group)
        {
            List<PendingWrite> alone = [write];
            if (TryCommit(alone, first: null) is { } fault)
                Fail(alone, fault);
        }
    }

    private CommitFault? TryCommit(List<PendingWrite> group, PendingWrite? first)
    {
        var committing = false;
        try
        {
            _connection ??= new WriterConnection(_settings);
            _connection.Begin();

            // Gathered only now: all that arrived while another process held the lock share this transaction.
            Gather(group, first);
            var verdicts = group.ConvertAll(_connection.Apply);
            committing = true;
            _connection.Commit();
            Settle(group, verdicts);
            return null;
        }
#pragma warning disable CA1031 // Whatever happens, the callers are told and the writer goes on.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            if (group.Count == 0)
                Gather(group, first);
            var commitFault = new CommitFault(fault, committing);
            AbandonTransaction(commitFault);
            return commitFault;
        }
    }

    private void Gather(List<PendingWrite> group, PendingWrite? first)
    {
        for (var next = first; next is not null; next = null)
        {
            do
            {
                if (next.TryTake())
                    group.Add(next);
            }
            while (group.Count < _settings.MaximumWritesPerTransaction && _queue.TryTake(out next));
        }
    }

    private void Settle(List<PendingWrite> group, List<Verdict> verdicts)
    {
        if (group.Count > 0)
            Interlocked.Increment(ref _committedTransactions);
        for (var i = 0; i < group.Count; i++)
        {
            if (verdicts[i].Rejection is { } rejection)
            {
                group[i].Fail(rejection);
                continue;
            }

            Interlocked.Increment(ref _committedWrites);
            group[i].Succeed(verdicts[i].NewETag);
        }
    }

    private void AbandonTransaction(CommitFault fault)
    {
        try
        {
            _connection?.RollBack();
            if (fault.IsDiskFull)
                _connection?.ReuseLog();
            if (!fault.ConnectionIsSuspect)
                return;
        }
        catch (SqliteException)
        {
            // Told through the fault that led here; the connection is replaced.
        }

        CloseConnection();
    }

    private void Fail(List<PendingWrite> group, CommitFault fault)
    {
        Log.GroupFailed(_logger, _settings.FullPath, group.Count, fault.Cause);
        foreach (var write in group)
            write.Fail(fault.For(_settings.FullPath, write.Key));

        // While closing, do not let every waiting group run into the same lock in turn.
        if (_queue.IsAddingCompleted)
            _refuseWaiting = true;
    }

    private bool Refuse(PendingWrite write)
    {
        if (!write.TryTake())
            return false;
        write.Fail(StorageFault.Closed(_settings.FullPath, write.Key));
        return true;
    }

    private void CloseConnection()
    {
        try
        {
            _connection?.Dispose();
        }
        catch (SqliteException fault)
        {
            Log.ConnectionNotClosed(_logger, _settings.FullPath, fault);
        }

        _connection = null;
    }
}
