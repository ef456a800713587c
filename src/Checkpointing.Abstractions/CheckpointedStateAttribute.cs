namespace Checkpointing;

/// <summary>
/// Injects an <see cref="ICheckpointedState{T}"/> into a grain's constructor and makes the grain a participant of checkpoints.
/// A grain may have several; they are captured together.
/// </summary>
/// <param name="stateName">Name of the state within its grain.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class CheckpointedStateAttribute(string stateName) : Attribute, ICheckpointedFacet
{
    public string StateName { get; } = stateName;
}
