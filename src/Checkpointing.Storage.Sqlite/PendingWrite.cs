namespace Checkpointing.Storage.Sqlite;

/// <summary>
/// A write or clear on its way to the file. It can be cancelled until the writer takes it into a group;
/// from then on its caller learns the outcome, so a cancelled write is never durable.
/// </summary>
internal sealed class PendingWrite
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Cancelled = 2;

    // Continuations must not run on the writer's thread.
    private readonly TaskCompletionSource<string?> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenRegistration _cancellation;
    private int _progress = Waiting;

    public PendingWrite(RecordKey key, string? expectedETag, byte[]? state, CancellationToken cancellationToken)
    {
        Key = key;
        ExpectedETag = expectedETag;
        State = state;
        _cancellation = cancellationToken.UnsafeRegister(static (self, token) => ((PendingWrite)self!).Cancel(token), this);
    }

    public RecordKey Key { get; }

    /// <summary>The ETag the caller last saw; null: the caller believes that there is no record.</summary>
    public string? ExpectedETag { get; }

    /// <summary>The new state; null: delete the record.</summary>
    public byte[]? State { get; }

    /// <summary>Completes with the new ETag (null after a delete) once the write is durable.</summary>
    public Task<string?> Outcome => _outcome.Task;

    public bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _progress, Taken, Waiting) != Waiting)
            return false;
        _cancellation.Unregister();
        return true;
    }

    public void Succeed(string? newETag) => _outcome.TrySetResult(newETag);

    public void Fail(Exception fault) => _outcome.TrySetException(fault);

    private void Cancel(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _progress, Cancelled, Waiting) == Waiting)
            _outcome.TrySetCanceled(cancellationToken);
    }
}
