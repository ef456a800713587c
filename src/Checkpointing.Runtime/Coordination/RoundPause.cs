namespace Checkpointing.Runtime.Coordination;

/// <summary>RB-18: while somebody has asked for a rollback no round begins. Runs in the coordinator's turns.</summary>
internal sealed class RoundPause(Func<bool> isRoundRunning)
{
    private TaskCompletionSource? _resumed;
    private Action? _whenPaused;

    /// <summary>Completes when rounds may begin. The next rollback that was asked for may begin as soon as one is over.</summary>
    public async Task WhenOver(CancellationToken cancellationToken = default)
    {
        while (_resumed?.Task is { IsCompleted: false } over)
        {
            await over.WaitAsync(cancellationToken);
        }
    }

    public void Begin(Action whenPaused)
    {
        _resumed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _whenPaused = whenPaused;
        if (!isRoundRunning())
        {
            OnNoRound();
        }
    }

    public void End()
    {
        _resumed?.TrySetResult();
        _resumed = null;
        _whenPaused = null;
    }

    /// <summary>No round runs now.</summary>
    public void OnNoRound()
    {
        if (_whenPaused is { } whenPaused)
        {
            _whenPaused = null;
            whenPaused();
        }
    }
}
