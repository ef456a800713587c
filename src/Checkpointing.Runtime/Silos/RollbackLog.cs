using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Silos;

/// <summary>What a silo logs of its part in rollbacks.</summary>
internal sealed partial class RollbackLog(ILogger<LocalRollbacks> logger)
{
    [LoggerMessage(1, LogLevel.Information, "Silo {Silo} is gone; what was received from it is looked into")]
    public partial void SiloGone(SiloAddress silo);

    [LoggerMessage(2, LogLevel.Information, "{Count} grains of this silo depend on work that was lost, and have to roll back")]
    public partial void Orphans(int count);

    [LoggerMessage(3, LogLevel.Debug, "A message was dropped because it comes from undone work: {Stamps}")]
    public partial void Dropped(string stamps);

    [LoggerMessage(4, LogLevel.Error, "This silo could not look for what depends on lost work; it tries again")]
    public partial void NotReported(Exception exception);

    [LoggerMessage(5, LogLevel.Error, "{Count} grains of this silo, {Grain} for example, cannot look whether they depend on lost work: their code is slow, or does not return. A recovery goes on without them for now; what they hold is not made permanent before they have looked")]
    public partial void Blocked(int count, GrainId grain);
}
