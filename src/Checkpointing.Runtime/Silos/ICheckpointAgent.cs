using Orleans.Concurrency;
using Orleans.Services;

namespace Checkpointing.Runtime.Silos;

/// <summary>The silo's agent: delivers control messages to the participants that are active here, in their own turns (SPEC K22).</summary>
[Alias("checkpointing.agent")]
internal interface ICheckpointAgent : IGrainService
{
    /// <summary>Hands each message of the coordinator with this record to its participant and returns those whose participant is not active on this silo.</summary>
    [Alias("Deliver")]
    Task<ControlMessage[]> Deliver(Guid storeId, [Immutable] ControlMessage[] messages);

    /// <summary>Takes note of facts about ended lives (<see cref="RollbackMessageCodec"/>); the answer comes when every participant here has looked at its ledger since.</summary>
    /// <returns>The epoch of the coordinator that is obeyed here: of an outdated one nothing is installed (RB-24).</returns>
    [Alias("InstallEnds")]
    Task<long> InstallEnds([Immutable] byte[] install);

    /// <summary>Who here would be an orphan if these lives had ended there (<see cref="RollbackMessageCodec"/>)? The answer comes when every participant has looked.</summary>
    /// <returns>The epoch of the coordinator that is obeyed here.</returns>
    [Alias("TestEnds")]
    Task<long> TestEnds([Immutable] byte[] test);

    /// <summary>Suspects that the silo has reported turned out to be none (<see cref="RollbackMessageCodec"/>).</summary>
    [Alias("ClearSuspects")]
    Task ClearSuspects([Immutable] byte[] cleared);

    /// <summary>Whether the latest membership that this silo knows is of that version, and it has nothing to report to the coordinator of rollbacks.</summary>
    [Alias("HasSettled")]
    Task<bool> HasSettled(long membershipVersion);

    /// <summary>RB-20: from now on no call runs here that was sent under an older line and may be sent again.</summary>
    [Alias("CutOffCalls")]
    Task CutOffCalls(long line);

    /// <summary>That silo stops, as the membership of this version says, and its last grains have left: from the answer on no call is addressed there any more.</summary>
    [Alias("GrainsHaveLeft")]
    Task GrainsHaveLeft(SiloAddress silo, long membershipVersion);

    /// <summary>Answers when the calls that participants here have under way now have ended.</summary>
    [Alias("CallsUnderWay")]
    Task CallsUnderWay();

    /// <summary>The participants here whose state may have changed since their permanent checkpoint.</summary>
    [Alias("ChangedParticipants")]
    Task<GrainId[]> ChangedParticipants();
}

/// <summary>Reaches the agent of any silo.</summary>
internal interface ICheckpointAgentClient : IGrainServiceClient<ICheckpointAgent>
{
    ICheckpointAgent AgentOf(SiloAddress silo);
}

/// <summary>Reaches a participant that may have to be activated first.</summary>
[Alias("checkpointing.participant-extension")]
internal interface ICheckpointParticipantExtension : IGrainExtension
{
    [AlwaysInterleave]
    [Alias("Deliver")]
    Task Deliver(Guid storeId, ControlMessage message);

    /// <summary>A grain that has moved here with changes calls itself: from then on the agent knows it.</summary>
    [AlwaysInterleave]
    [Alias("BeInReach")]
    Task BeInReach();
}

/// <summary>The coordinator as participants and agents see it.</summary>
[Alias("checkpointing.coordinator-control")]
internal interface ICheckpointCoordinatorControl : IGrainWithStringKey
{
    [AlwaysInterleave]
    [Alias("Answer")]
    Task Answer([Immutable] ParticipantAnswers answers);

    /// <summary>What became of this round? Asked by a grain that starts from a slot whose round it does not know the end of.</summary>
    [AlwaysInterleave]
    [Alias("DecisionOf")]
    Task<StoredDecision> DecisionOf(Guid storeId, long epoch, long number);

    /// <summary>
    /// A grain on this silo is being deactivated and waits until its changes are permanent. Apart from a request of its own code in two ways: it is
    /// no call chain that its round would have to wait for, and only the silo's agent reaches it any more (SPEC K14, K22).
    /// </summary>
    [AlwaysInterleave]
    [Alias("CheckpointBeforeStop")]
    Task<CheckpointResult> CheckpointBeforeStop(GrainId grainId, SiloAddress silo, CancellationToken cancellationToken);

    /// <summary>Keeps the coordinator active, so that periodic rounds are taken.</summary>
    [AlwaysInterleave]
    [Alias("KeepAlive")]
    Task KeepAlive();
}

/// <summary>The coordinator's word on a stored checkpoint.</summary>
[GenerateSerializer]
[Alias("checkpointing.stored-decision.v1")]
internal enum StoredDecision
{
    Undecided,
    Committed,
    Aborted,
    Forgotten,
}
