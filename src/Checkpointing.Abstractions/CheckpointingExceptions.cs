namespace Checkpointing;

/// <summary>Base of all errors of this library that a caller can act on.</summary>
[GenerateSerializer]
[Alias("checkpointing.exception.v1")]
public abstract class CheckpointingException : Exception
{
    /// <summary>Creates the error.</summary>
    protected CheckpointingException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The grain concerned, if it is one.</summary>
    [Id(0)]
    public GrainId? GrainId { get; init; }

    /// <summary>The round concerned, "epoch.number"; empty if none.</summary>
    [Id(1)]
    public string Round { get; init; } = "";
}

/// <summary>
/// A stored checkpoint could not be read: wrong checksum, unknown format, or the record it builds on is missing. The grain does not start, and nothing
/// was overwritten: restore the record from a backup, or clear it to let the grain start anew.
/// </summary>
[GenerateSerializer]
[Alias("checkpointing.record-unreadable.v1")]
public sealed class CheckpointRecordUnreadableException(string message, Exception? innerException = null) : CheckpointingException(message, innerException);

/// <summary>
/// The stored state does not fit the state type of the running code. The grain does not start, and nothing was overwritten: deploy code that
/// can read it, or migrate the record.
/// </summary>
[GenerateSerializer]
[Alias("checkpointing.state-incompatible.v1")]
public sealed class CheckpointedStateIncompatibleException(string message, Exception? innerException = null) : CheckpointingException(message, innerException);

/// <summary>
/// A checkpoint was stored, but the coordinator's record cannot tell whether its round was committed: it is missing, or belongs to another store. The
/// grain does not start, and nothing was overwritten.
/// </summary>
[GenerateSerializer]
[Alias("checkpointing.decision-unknown.v1")]
public sealed class CheckpointDecisionUnknownException(string message, Exception? innerException = null) : CheckpointingException(message, innerException);
