namespace Checkpointing.Runtime.Coordination;

/// <summary>How long grains that are ready to roll back wait for others.</summary>
internal sealed class RecoveryOptions
{
    /// <summary>RB-21: so long they wait for the answer of a grain that cannot be asked, because its storage is down or its record damaged.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(15);
}
