namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>For what queues nothing.</summary>
internal sealed class NoScheduler : IWorkItemScheduler
{
    public void QueueAction(Action action) => throw new NotSupportedException();

    public void QueueAction(Action<object> action, object state) => throw new NotSupportedException();

    public void QueueTask(Task task) => throw new NotSupportedException();

    public void QueueWorkItem(IThreadPoolWorkItem workItem) => throw new NotSupportedException();
}
