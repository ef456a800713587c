namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>A clock that a test moves.</summary>
internal sealed class Clock : TimeProvider
{
    public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;
}
