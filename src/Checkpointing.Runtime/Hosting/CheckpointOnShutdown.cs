using System.Diagnostics.CodeAnalysis;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Hosting;

/// <summary>Before a silo stops on purpose, its changed grains are checkpointed while everything still works.</summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed partial class CheckpointOnShutdown(ParticipantRegistry registry, IGrainFactory grainFactory, ILogger<CheckpointOnShutdown> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe(nameof(CheckpointOnShutdown), ServiceLifecycleStage.Last, _ => Task.CompletedTask, Stop);

    private async Task Stop(CancellationToken cancellationToken)
    {
        if (!registry.All.Any(host => host.MayHaveChanged))
        {
            return;
        }

        try
        {
            var result = await grainFactory.GetCheckpointCoordinator().CheckpointAll(cancellationToken).WaitAsync(cancellationToken);
            if (result.Status == CheckpointStatus.Aborted)
            {
                LogNotCheckpointed(logger, result.Detail, null);
            }
        }
        catch (Exception exception)
        {
            LogNotCheckpointed(logger, exception.Message, exception);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "The checkpoint before the shutdown failed; each changed grain tries once more on its own: {Detail}")]
    private static partial void LogNotCheckpointed(ILogger logger, string detail, Exception? exception);
}
