namespace Checkpointing.Runtime.Silos;

/// <summary>A control message of the protocol on its way between silos, encoded by <see cref="ControlMessageCodec"/>.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.control-message.v1")]
internal readonly struct ControlMessage(GrainId participant, byte[] content)
{
    /// <summary>The participant it goes to, or comes from.</summary>
    [Id(0)]
    public readonly GrainId Participant = participant;

    [Id(1)]
    public readonly byte[] Content = content;
}

/// <summary>Answers of the participants of one silo, in the order in which they were given.</summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.participant-answers.v1")]
internal readonly struct ParticipantAnswers(SiloAddress silo, ControlMessage[] messages, long[] storedBytes)
{
    [Id(0)]
    public readonly SiloAddress Silo = silo;

    [Id(1)]
    public readonly ControlMessage[] Messages = messages;

    /// <summary>For each message the bytes of state that were written to vote Yes; else 0.</summary>
    [Id(2)]
    public readonly long[] StoredBytes = storedBytes;
}
