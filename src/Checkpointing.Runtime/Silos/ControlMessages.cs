namespace Checkpointing.Runtime.Silos;

/// <summary>
/// A control message of the protocol on its way between silos, encoded by <see cref="ControlMessageCodec"/> or <see cref="RollbackMessageCodec"/>.
/// </summary>
[GenerateSerializer]
[Immutable]
[Alias("checkpointing.control-message.v1")]
internal readonly struct ControlMessage(GrainId participant, byte[] content, ControlAlgorithm algorithm = ControlAlgorithm.Checkpoint)
{
    /// <summary>The participant it goes to, or comes from; default if it comes from an agent.</summary>
    [Id(0)]
    public readonly GrainId Participant = participant;

    [Id(1)]
    public readonly byte[] Content = content;

    [Id(2)]
    public readonly ControlAlgorithm Algorithm = algorithm;
}

/// <summary>Which of the two algorithms of the paper a control message belongs to.</summary>
[GenerateSerializer]
[Alias("checkpointing.control-algorithm.v1")]
internal enum ControlAlgorithm : byte
{
    /// <summary>Algorithm C.</summary>
    Checkpoint,

    /// <summary>Algorithm R.</summary>
    Rollback,
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
