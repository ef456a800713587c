namespace Checkpointing;

/// <summary>
/// Injects an <see cref="ICheckpointedState{TState}"/> into a grain's constructor and makes the grain a participant: its state is part of
/// consistent checkpoints. A grain may have several; they are captured together. The grain class stays plain grain code.
/// </summary>
/// <param name="stateName">Name of the state within the grain; unique per grain class, stable over deployments.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class CheckpointedStateAttribute(string stateName) : Attribute, ICheckpointedFacet
{
    /// <summary>Name of the state within the grain; unique per grain class, stable over deployments.</summary>
    public string StateName { get; } = stateName;
}
