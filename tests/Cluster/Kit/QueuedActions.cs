namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>What is queued runs when a test says so.</summary>
internal sealed class QueuedActions : IWorkItemScheduler
{
    private readonly Queue<Action> _queued = new();

    public void QueueAction(Action action) => _queued.Enqueue(action);

    public void QueueAction(Action<object> action, object state) => throw new NotSupportedException();

    public void QueueTask(Task task) => throw new NotSupportedException();

    public void QueueWorkItem(IThreadPoolWorkItem workItem) => throw new NotSupportedException();

    public void RunAll()
    {
        while (_queued.TryDequeue(out var action))
            action();
    }
}
