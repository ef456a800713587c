namespace Checkpointing.Simulation.Tests.Faults;

/// <summary>Where a participant or the coordinator stands when a fault hits it.</summary>
internal enum StepOfRound
{
    /// <summary>A participant in no round.</summary>
    Idle,
    Draining,
    Drained,
    Snapped,
    Storing,
    InDoubt,

    /// <summary>The coordinator raises its epoch.</summary>
    Starting,

    /// <summary>The coordinator has no round.</summary>
    Ready,
    Drain,
    Snapshot,

    /// <summary>Snapshots did not fit together at once: members are added or take theirs again.</summary>
    Verify,
    Persist,
    Decide,

    /// <summary>The round is over for the coordinator, not yet for all members.</summary>
    Spread,
}
