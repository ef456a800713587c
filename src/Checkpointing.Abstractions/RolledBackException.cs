namespace Checkpointing;

/// <summary>
/// The call has had no lasting effect on checkpointed grains, or none at all: it ran in, called into, or waited for a grain that depends on work that was
/// lost with a silo or rolled back. Whatever it did there is undone, also where it seemed to succeed. Call again.
/// </summary>
[GenerateSerializer]
[Alias("checkpointing.rolled-back.v1")]
public sealed class RolledBackException(string message, Exception? innerException = null) : CheckpointingException(message, innerException);
