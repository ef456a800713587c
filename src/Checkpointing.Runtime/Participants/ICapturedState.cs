namespace Checkpointing.Runtime.Participants;

/// <summary>One named state of a participant, as its host captures and restores it.</summary>
internal interface ICapturedState
{
    string Name { get; }

    /// <summary>Copies the state; throws what the serializer throws.</summary>
    byte[] Capture();

    /// <summary>Replaces the state by a stored one; throws what the serializer throws.</summary>
    void Restore(byte[] bytes);
}
