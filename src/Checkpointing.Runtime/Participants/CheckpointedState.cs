using Orleans.Serialization;

namespace Checkpointing.Runtime.Participants;

/// <summary>One named state of a checkpointed grain, in memory.</summary>
internal sealed class CheckpointedState<TState>(string name, Serializer<TState> serializer) : ICheckpointedState<TState>, ICapturedState
    where TState : new()
{
    public string Name { get; } = name;

    public TState State { get; set; } = new();

    // Bytes, not a copy of the object: values marked immutable are shared by a copy (SPEC K10).
    public byte[] Capture() => serializer.SerializeToArray(State);

    public void Restore(byte[] bytes) => State = serializer.Deserialize(bytes)!;
}
