namespace Checkpointing.Simulation.Tests.Mutants;

/// <summary>
/// One deliberate mistake in a simulation. Each is made in the simulated host (what it passes in, what it does with the effects, or directly in
/// the ledger), never in the protocol itself.
/// </summary>
internal enum Mutation
{
    None,

    /// <summary>The coordinator is shown snapshots that always fit together.</summary>
    VerificationOff,

    /// <summary>Answers carry no label.</summary>
    ResponseLabelsOff,

    /// <summary>Trap T2: a commit forgets what arrived after the tentative checkpoint.</summary>
    ReceiptsClearedAtCommit,

    /// <summary>Trap T3: an undone tentative checkpoint takes its receipts with it.</summary>
    UndoForgetsReceipts,

    /// <summary>A participant in doubt is answered "committed" while the decision is still being written.</summary>
    DecisionAnsweredBeforeWritten,

    /// <summary>A lost decision write is not fenced by another write before the round is aborted.</summary>
    NoFencingWrite,

    /// <summary>State and ledger are copied while handlers run.</summary>
    SnapshotNotAtQuiescence,

    /// <summary>A new life of the coordinator does not raise the epoch in its record.</summary>
    EpochNotRaised,

    /// <summary>A No is counted as a Yes.</summary>
    CommitWithoutAllVotes,

    /// <summary>K14: the coordinator is not told in which chain its caller waits.</summary>
    AwaitingChainsNotNamed,

    /// <summary>K5: relays drop the stamps they receive.</summary>
    RelayForwardsNothing,

    /// <summary>A Join that arrives after its round is over is answered.</summary>
    LateJoinAccepted,

    /// <summary>Every member is a component of its own: it is committed whatever the others vote.</summary>
    EveryoneHisOwnComponent,

    /// <summary>A write of a snapshot with an unknown outcome counts as a Yes.</summary>
    UnknownWriteIsYes,

    /// <summary>"My storage proves the round" is said as soon as the decision is heard.</summary>
    ProvenTooEarly,

    /// <summary>CP-14: who is in doubt says of the undecided round that its storage proves it.</summary>
    ProvenBeforeAdoption,

    /// <summary>CP-14: a marker is written over a snapshot whose round is not decided yet.</summary>
    MarkerOverSnapshot,

    /// <summary>CP-14: "my storage proves the round" is said without a marker.</summary>
    ProvenWithoutMarker,

    /// <summary>A run is dropped although one of its members has not proven it.</summary>
    DroppedWithOneUnproven,

    /// <summary>CP-15: "aborted" is believed by who has not looked whether the round was proven, and forgotten, meanwhile.</summary>
    AbortNotVerified,

    /// <summary>RB-20: every call that is interrupted counts as lost.</summary>
    InterruptedCallsLost,

    /// <summary>RB-23: silos forget what makes their own participants orphans.</summary>
    OrphansForgotten,

    /// <summary>A life of the coordinator drops runs of earlier lives as if it knew their members.</summary>
    UnnamedRunsDropped,

    /// <summary>The tentative checkpoint is written over the permanent one.</summary>
    OverwritesPermanentSlot,

    /// <summary>The stores accept stale ETags.</summary>
    StaleETagsAccepted,

    /// <summary>K6: read-only answers are called clean although the actor has changed.</summary>
    DirtyReadsCalledClean,

    /// <summary>Root calls are admitted although the gate is closed. No mistake for consistency, which rests on verification alone.</summary>
    GateLetsRootsPass,

    /// <summary>Undone messages are received.</summary>
    GhostFilterOff,

    /// <summary>K33: undone messages are dropped when they arrive, not when they are recorded.</summary>
    FilterAtArrivalOnly,

    /// <summary>K33: a silo looks for orphans first and installs the filter then.</summary>
    FilterAfterTest,

    /// <summary>K1: a call that ended with the loss of its callee makes nobody an orphan.</summary>
    LostCallsForgotten,

    /// <summary>Nobody who is ready waits for those who have not been asked yet, and all the same the set is held to be closed.</summary>
    NoPatience,

    /// <summary>RB-20: a lost call is sent again before all silos refuse the first copy.</summary>
    CutOffNotAwaited,

    /// <summary>RB-20: what the runtime reports as not delivered is sent again as it is, although the connection may have broken while it was written.</summary>
    BrokenConnectionsIgnored,

    /// <summary>RB-20: a call that times out although one copy of it may have run and another one may be on its way counts as timed out only.</summary>
    SecondCopiesGivenUp,

    /// <summary>RB-20: copies that were sent under an older membership run.</summary>
    OldCopiesRun,

    /// <summary>RB-20: a callee runs a call again that it has received already.</summary>
    ArrivedCopiesNotNoticed,

    /// <summary>RB-19: relays send their lost calls again too.</summary>
    RelaysSendAgain,

    /// <summary>K30: a relay does not say that it lost a call.</summary>
    RelaysHideLosses,

    /// <summary>K28: a life says of others that they are over without keeping them from storing a checkpoint.</summary>
    FenceNotWritten,

    /// <summary>T11: receipts are a plain maximum per peer, whatever its lives.</summary>
    ReceiptsNotPerLife,

    /// <summary>T12: a claim of a label of an earlier life that does not count is answered "not needed".</summary>
    OrphansNotNeeded,

    /// <summary>An activation is replaced while a write of it is on its way, which may fence off the next life.</summary>
    ReplacedWhileWriting,

    /// <summary>Everybody rolls back as soon as he is ready.</summary>
    RollsBackBeforeClosure,

    /// <summary>K34: who is in doubt gets ready without waiting for the decision.</summary>
    DecisionNotAwaited,

    /// <summary>Only the receipts since the undecided checkpoint are tested.</summary>
    TentativeReceiptsNotTested,

    /// <summary>A new life is not of a higher generation than the one before it.</summary>
    LivesNotOrdered,

    /// <summary>The handlers of an orphan go on until it is replaced.</summary>
    HandlersNotStopped,

    /// <summary>Nothing is known of silos that are gone but the participants that nobody calls.</summary>
    SiloDeathsNotWatched,

    /// <summary>RB-13: a silo does not remember who has moved away.</summary>
    MovedLivesForgotten,

    /// <summary>RB-13: a silo remembers who has moved away, but does not look for orphans among those on their way.</summary>
    MovingLivesNotTested,

    /// <summary>RB-13: a life that was found once is not asked about again when the silo where it was is gone.</summary>
    FoundOnceForAll,

    /// <summary>RB-12: a life that has moved begins its turns untested.</summary>
    ArrivalNotTested,

    /// <summary>RB-13: an orphan takes its state along, and its silo does not say that it has gone.</summary>
    OrphansMoveAway,

    /// <summary>Agents are not told that a suspect was found.</summary>
    ClearedSuspectsNotHeard,

    /// <summary>RB-16: "do not roll back" is not heard, and nobody goes on when nothing is heard.</summary>
    ResumeForgotten,

    /// <summary>RB-15: an unwilling participant is counted as willing.</summary>
    VoteIgnored,

    /// <summary>RB-15: ends that are only looked at are installed as facts.</summary>
    HypotheticalEndsInstalled,

    /// <summary>RB-17: every member is told to roll back, not only the first.</summary>
    EverybodyRollsBackAsAsked,

    /// <summary>RB-15: the first one is told to roll back as soon as it is known.</summary>
    MembersNotAsked,

    /// <summary>RB-14: nobody notices that two lives of a peer have met in one ledger, nor that silos are gone.</summary>
    ContactNotNoticed,

    /// <summary>K27: a silo does not tell a new coordinator what it knows.</summary>
    OldFactsNotTold,

    /// <summary>K27: what a round finds out about undone labels does not reach the coordinator of rollbacks.</summary>
    RoundsFindingsNotHeard,

    /// <summary>RB-23: silos forget facts, and the coordinator takes it that they still have them.</summary>
    CoordinatorsRememberForEver,
}

internal static class Mutations
{
    public static bool NeedsSilosThatDie(this Mutation mutation) => mutation >= Mutation.GhostFilterOff;
}
