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

    /// <summary>
    /// willing_to_roll of the paper, for a rollback that somebody asks for (<see cref="ICheckpointCoordinatorGrain.RollBack"/>): <see langword="false"/> calls it off for
    /// everybody. A rollback after a loss cannot be refused.
    /// </summary>
    bool WillingToRollBack() => true;

    /// <summary>The state was copied in memory; the copy is not durable yet and may still be undone.</summary>
    void OnTentativeCheckpointTaken(string round)
    {
    }

    /// <summary>The round is committed: the copied state will never be undone.</summary>
    void OnMadePermanent(string round)
    {
    }

    /// <summary>
    /// This activation has just started from a permanent checkpoint because the one before it depended on work that was lost or rolled back. It is told by the silo that has replaced
    /// the one before, and by the coordinator, on whichever silo it starts: once, but perhaps only after its first calls. It is not told if both of them go before it has started, or
    /// if it cannot start for so long, and it may be told twice if it is moved or restarted in that very moment. A grain that started again because its silo was lost, or had
    /// stopped, is not told: nobody knows what it had done.
    /// </summary>
    /// <param name="round">The round of that checkpoint, "epoch.number"; empty for the initial state.</param>
    void OnRolledBack(string round)
    {
    }

    /// <summary>The round was not committed. Nothing about the grain changes; the previous permanent checkpoint still holds.</summary>
    void OnTentativeCheckpointUndone(string round)
    {
    }
}
