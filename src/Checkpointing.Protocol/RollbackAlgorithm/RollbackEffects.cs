using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

internal sealed record SendToRollbackCoordinator(ToRollbackCoordinator Message) : ParticipantEffect;

/// <summary>
/// Write a fence into the free slot, under its ETag, and call <see cref="RollbackParticipant.OnFenced"/>. When it has landed, no other life of
/// this participant can store a checkpoint any more. It is written before any snapshot that is asked for later: after it, it would overwrite it.
/// </summary>
internal sealed record WriteFence : ParticipantEffect;

/// <summary>
/// End the running handlers as rolled back, refuse the calls that wait, let nothing out and nothing in. Roots wait for the next life.
/// </summary>
internal sealed record StopHandlers : ParticipantEffect;

/// <summary>Admit nothing until <see cref="OpenGate"/>, nested calls neither.</summary>
internal sealed record HoldAllCalls : ParticipantEffect;

/// <summary>Put a new activation in the place of this one. It starts from the permanent checkpoint; waiting roots are handed to it.</summary>
internal sealed record ReplaceActivation : ParticipantEffect;

/// <summary>A younger life of the same participant exists: this one stops at once and stores nothing.</summary>
internal sealed record StopSuperseded(Life Younger) : ParticipantEffect;

/// <summary>What the coordinator of a rollback asks of its host.</summary>
internal abstract record RollbackEffect;

internal sealed record TellParticipant(ParticipantId To, ToRollbackParticipant Message) : RollbackEffect;

internal sealed record TellAgent(SiloId To, InstallEnds Message) : RollbackEffect;

internal sealed record TellAgentToTest(SiloId To, TestEnds Message) : RollbackEffect;

/// <summary>RB-18: let the present round end and begin no other one, then call <see cref="RollbackCoordinator.OnRoundsPaused"/>.</summary>
internal sealed record PauseRounds(Guid Request) : RollbackEffect;

internal sealed record ResumeRounds : RollbackEffect;

/// <summary>Call <see cref="RollbackCoordinator.OnPauseDue"/> when gates have been closed, or rounds have waited, for as long as they may.</summary>
internal sealed record BoundPause(Guid Request) : RollbackEffect;

internal sealed record RollbackRequestEnded(Guid Request, RequestedRollbackOutcome Outcome) : RollbackEffect;

internal sealed record TellAgentOfCleared(SiloId To, SuspectsCleared Message) : RollbackEffect;

/// <summary>These lives roll back now.</summary>
/// <param name="Lives">Who.</param>
/// <param name="AwaitedInVain">Who could not be asked for too long (RB-21), for a person to read; empty if the set is closed.</param>
internal sealed record RollbackDecided(ImmutableArray<LifeEnd> Lives, string AwaitedInVain) : RollbackEffect
{
    /// <summary>Nobody else has to roll back.</summary>
    public bool IsClosed => AwaitedInVain.Length == 0;
}

/// <summary>RB-24: a younger coordinator is at work, or was. This one acts no more; whoever needs a coordinator finds that one, or a younger one yet.</summary>
internal sealed record StopOutdated : RollbackEffect;
