namespace Checkpointing.Runtime.Participants;

/// <summary>One named state of a checkpointed grain, in memory.</summary>
internal sealed class CheckpointedState<T> : ICheckpointedState<T>
{
    public T State { get; set; } = typeof(T).IsAbstract || typeof(T) == typeof(string) || typeof(T).GetConstructor(Type.EmptyTypes) is null
        ? default!
        : Activator.CreateInstance<T>();
}
