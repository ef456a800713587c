namespace Checkpointing;

/// <summary>State of a grain that is saved and rolled back together with the states of the grains it talks to.</summary>
/// <typeparam name="T">An Orleans-serializable type.</typeparam>
public interface ICheckpointedState<T>
{
    T State { get; set; }
}
