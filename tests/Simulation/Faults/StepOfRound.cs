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

    /// <summary>A participant in no round proves its permanent checkpoint by a marker in its free slot.</summary>
    Proving,

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

    /// <summary>A participant takes the free slot away from earlier lives.</summary>
    Fencing,

    /// <summary>A participant that has to roll back is in doubt about a round.</summary>
    AwaitingDecision,

    /// <summary>A participant has stopped and waits for the word to roll back.</summary>
    ReadyToRollBack,

    /// <summary>The coordinator of a rollback asks where lives have ended.</summary>
    AskLives,

    /// <summary>It waits for orphans to get ready.</summary>
    Prepare,

    /// <summary>It waits for silos to drop what is undone and to look for orphans.</summary>
    InstallEnds,

    /// <summary>The set is closed; it waits for the orphans to have rolled back.</summary>
    RollBack,

    /// <summary>A participant is on its way to another silo.</summary>
    Moving,

    /// <summary>A participant drains for a rollback that somebody has asked for.</summary>
    DrainingToRollBack,

    /// <summary>It stands still for it.</summary>
    Held,

    /// <summary>The coordinator of a rollback that was asked for finds its members and lets them drain.</summary>
    AskMembers,

    /// <summary>It has them stand still and looks once more.</summary>
    Hold,

    /// <summary>It has told the first one to get ready.</summary>
    Commit,
}
