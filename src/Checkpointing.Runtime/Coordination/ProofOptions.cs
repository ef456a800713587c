namespace Checkpointing.Runtime.Coordination;

/// <summary>When members of committed rounds are asked to prove them by markers (SPEC K7).</summary>
internal sealed class ProofOptions
{
    /// <summary>A committed round is left alone for so long: its members may be drawn into a later one, which proves it at no cost. Also the least time between two writes of the record that only drop what is proven.</summary>
    public TimeSpan QuietTime { get; set; } = TimeSpan.FromSeconds(10);
}
