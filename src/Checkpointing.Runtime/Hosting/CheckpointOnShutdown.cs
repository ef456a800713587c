using System.Diagnostics.CodeAnalysis;
using Checkpointing.Runtime.Participants;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Hosting;

/// <summary>
/// Before a silo stops on purpose, its changed grains are checkpointed while everything still works. What is left out is tried again, but not until the
/// host's patience ends: each grain makes a last attempt of its own when it is deactivated, and needs time for that.
/// </summary>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed partial class CheckpointOnShutdown(ParticipantRegistry registry, IGrainFactory grainFactory, TimeProvider time, ILogger<CheckpointOnShutdown> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    private const int MostGrainsNamed = 20;

    // Half of what a host allows by default for its whole shutdown.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PauseBetweenAttempts = TimeSpan.FromMilliseconds(200);

    public void Participate(ISiloLifecycle observer) =>
        observer.Subscribe(nameof(CheckpointOnShutdown), ServiceLifecycleStage.Last, _ => Task.CompletedTask, Stop);

    private async Task Stop(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var (leftOut, detail) = (Changed(), "");
        while (leftOut.Length > 0)
        {
            try
            {
                var result = await grainFactory.GetCheckpointCoordinator().CheckpointAll(either.Token).WaitAsync(either.Token);
                var mine = result.LeftOut.Where(grain => registry.TryGet(grain.GrainId, out _)).ToArray();
                (leftOut, detail) = ([.. mine.Select(grain => grain.GrainId)], result.Detail);
                if (result.Reason == CheckpointAbortReason.SiloNotAsked)
                {
                    // Perhaps it was this one.
                    leftOut = Changed();
                }
                else if (!mine.Any(grain => grain.Reason.MayPass()))
                {
                    break;
                }
            }
            catch (Exception exception)
            {
                // The grains named last are still not permanent, as far as is known here.
                detail = detail.Length > 0 ? detail : exception.Message;
            }

            if (either.IsCancellationRequested)
            {
                break;
            }

            LogTriesAgain(logger, leftOut.Length, detail);
            await Task.Delay(PauseBetweenAttempts, time, either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (leftOut.Length > 0)
        {
            LogNotCheckpointed(logger, leftOut.Length, Named(leftOut), detail);
        }
    }

    private GrainId[] Changed() => [.. registry.All.Where(host => host.MayHaveChanged).Select(host => host.GrainId)];

    private static string Named(GrainId[] grains) =>
        string.Join(", ", grains.Take(MostGrainsNamed)) + (grains.Length > MostGrainsNamed ? $" and {grains.Length - MostGrainsNamed} more" : "");

    [LoggerMessage(1, LogLevel.Error, "The checkpoint before the shutdown left out {Count} grains of this silo; each tries on its own when it stops, and says so if it fails: {Grains}. {Detail}")]
    private static partial void LogNotCheckpointed(ILogger logger, int count, string grains, string detail);

    [LoggerMessage(2, LogLevel.Information, "The checkpoint before the shutdown left out {Count} grains of this silo and is tried again. {Detail}")]
    private static partial void LogTriesAgain(ILogger logger, int count, string detail);
}
