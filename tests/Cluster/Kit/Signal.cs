namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>Something that happens once, and that tests wait for.</summary>
public sealed class Signal
{
    private readonly TaskCompletionSource _happened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool HasHappened => _happened.Task.IsCompleted;

    /// <summary>Waits, but never for ever.</summary>
    public Task Happens => _happened.Task.WithTimeLimit();

    public void Set() => _happened.TrySetResult();

    /// <summary>Code of a grain method that only sets this signal.</summary>
    public Script AsScript() => Script.Of(_ =>
    {
        Set();
        return Task.CompletedTask;
    });
}
