namespace Checkpointing;

/// <summary>
/// State in memory that is checkpointed and rolled back consistently with the state of every grain this one talks to. Read and change it freely;
/// nothing is written on the call.
/// </summary>
/// <typeparam name="TState">An ordinary Orleans-serializable type with a parameterless constructor for the initial state.</typeparam>
public interface ICheckpointedState<TState>
    where TState : new()
{
    /// <summary>The state. A grain without a checkpoint starts with <c>new TState()</c>.</summary>
    TState State { get; set; }
}
