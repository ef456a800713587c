using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>What a participant asks of its host. Effects are performed in list order.</summary>
internal abstract record ParticipantEffect;

/// <summary>Root calls wait from now on; nested calls of running chains pass.</summary>
internal sealed record CloseGate : ParticipantEffect;

internal sealed record OpenGate : ParticipantEffect;

/// <summary>Tell <see cref="CheckpointParticipant.OnQuiescent"/> of the next quiescent instant, in the turn that ends the last handler.</summary>
internal sealed record AwaitQuiescence : ParticipantEffect;

/// <summary>
/// Copy the state now, in this turn. If that fails, perform no further effect of this list and call
/// <see cref="CheckpointParticipant.OnCaptureFailed"/> instead.
/// </summary>
internal sealed record CaptureState(RoundNumber Round, int Attempt) : ParticipantEffect;

/// <summary>Write the captured state with this checkpoint into the free slot, then call <see cref="CheckpointParticipant.OnSnapshotStored"/>.</summary>
internal sealed record WriteSnapshot(RoundNumber Number, TentativeCheckpoint Snapshot) : ParticipantEffect;

/// <summary>The written slot is the permanent checkpoint now, and the other one is free.</summary>
internal sealed record AdoptSnapshot(RoundNumber Number) : ParticipantEffect;

/// <summary>The captured or written snapshot will never count: its slot is free.</summary>
internal sealed record DropSnapshot(RoundNumber Number) : ParticipantEffect;

/// <summary>
/// Write into the free slot that the permanent checkpoint is committed, unless what this life has written there says so already; then call
/// <see cref="CheckpointParticipant.OnMarkerWritten"/>.
/// </summary>
internal sealed record WriteMarker(RoundNumber Permanent) : ParticipantEffect;

/// <summary>
/// CP-15: somebody has said that this round is aborted, perhaps because it was forgotten. Read both slots. If they are as this life left them, or cannot be read, call
/// <see cref="CheckpointParticipant.OnAbortVerified"/>; if another life has written, this one is superseded.
/// </summary>
internal sealed record VerifyAbort(RoundNumber Number) : ParticipantEffect;

internal sealed record SendToCoordinator(ToCoordinator Message) : ParticipantEffect;

/// <summary>The coordinator cannot know what became of this round (SPEC K7): a person must look.</summary>
internal sealed record ReportUnknownDecision(RoundNumber Number) : ParticipantEffect;
