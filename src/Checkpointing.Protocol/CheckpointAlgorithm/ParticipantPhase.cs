namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>Where a participant stands (SPEC D11). Phases are waits.</summary>
internal enum ParticipantPhase
{
    /// <summary>In no round.</summary>
    Idle,

    /// <summary>Gate closed; running call chains finish.</summary>
    Draining,

    /// <summary>Gate closed; was quiescent at least once, waits for the word to take its snapshot.</summary>
    Drained,

    /// <summary>Gate closed; holds a tentative checkpoint in memory.</summary>
    Snapped,

    /// <summary>Gate open; the tentative checkpoint is being written.</summary>
    Storing,

    /// <summary>Gate open; voted Yes, awaits the decision.</summary>
    InDoubt,
}
