namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>Where a life of the coordinator stands.</summary>
internal enum CoordinatorPhase
{
    /// <summary>The epoch is being raised.</summary>
    Starting,

    Ready,

    /// <summary>This life has ended: another one has taken over, or will.</summary>
    Retired,
}

/// <param name="MaxAttempts">How many rounds may try to serve one request.</param>
internal sealed record CoordinatorLimits(int MaxAttempts);
