namespace Checkpointing.Simulation.Tests.Faults;

internal enum FaultKind
{
    ControlLost,
    ControlDuplicated,
    ControlDelayed,
    StorageSlow,
    StorageFailed,
    StorageUnknownLanded,
    StorageUnknownNotLanded,
    StorageLandsLate,
    CoordinatorCrash,
    EverythingCrash,
    CleanRestart,

    /// <summary>One silo dies.</summary>
    SiloDeath,

    /// <summary>One silo is believed to have died, and goes on for a while.</summary>
    FalseSuspicion,

    /// <summary>A grain moves to another silo with its state in memory.</summary>
    Move,

    /// <summary>A silo begins to stop in order.</summary>
    OrderlyStop,

    /// <summary>Nothing comes to a silo or goes from it for longer than anybody waits for anything; then it goes on, and nobody has declared it dead for that.</summary>
    Silence,

    /// <summary>The process of a silo stands still for a while, at times for longer than anybody waits for anything; perhaps it is declared dead meanwhile.</summary>
    Pause,

    /// <summary>The connection between two silos that both go on breaks: what was being written is reported as not delivered, and may arrive all the same.</summary>
    BrokenConnection,
}

/// <summary>What becomes of one write.</summary>
internal enum WriteFate
{
    Lands,
    Slow,
    Fails,
    UnknownLanded,
    UnknownNotLanded,
    LandsLate,
}

/// <summary>What becomes of one control message.</summary>
internal enum ControlFate
{
    Arrives,
    Lost,
    Duplicated,
    Delayed,
}
