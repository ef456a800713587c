namespace Checkpointing.Runtime.Participants;

/// <summary>Which reasons go away by themselves.</summary>
internal static class AbortReasons
{
    public static bool MayPass(this CheckpointAbortReason reason) => reason is not (
        CheckpointAbortReason.Unwilling or CheckpointAbortReason.CaptureFailed or CheckpointAbortReason.AwaitedInsideRound);
}
