namespace Checkpointing;

/// <summary>
/// Implemented by a grain class that wants a say in checkpoints, or to hear of them. Every member has a default. The members run in the grain's own
/// turn, must not call other grains and should return at once: the grain's callers wait meanwhile.
/// </summary>
public interface ICheckpointObserver
{
    /// <summary>
    /// willing_to_ckpt of the paper. <see langword="false"/> leaves this grain, and every grain that depends on it, out of the round.
    /// </summary>
    bool WillingToCheckpoint() => true;

    /// <summary>The state was copied in memory; the copy is not durable yet and may still be undone.</summary>
    void OnTentativeCheckpointTaken(string round)
    {
    }

    /// <summary>The round is committed: the copied state will never be undone.</summary>
    void OnMadePermanent(string round)
    {
    }

    /// <summary>The round was not committed. Nothing about the grain changes; the previous permanent checkpoint still holds.</summary>
    void OnTentativeCheckpointUndone(string round)
    {
    }
}
