using System.Threading.Channels;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.RollbackAlgorithm;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Runtime.Silos;

/// <summary>
/// The answers of this silo's participants on their way to the coordinator: one call at a time, and each takes all that has come meanwhile. An
/// answer that is lost is asked for again by the protocol.
/// </summary>
internal sealed partial class CoordinatorOutbox(IGrainFactory grainFactory, ILocalSiloDetails silo, TimeProvider time, ILogger<CoordinatorOutbox> logger)
{
    /// <summary>
    /// How long an answer of the coordinator is awaited before it is asked again: the runtime does not break off every call to a silo that is lost, and most such calls hold others up.
    /// </summary>
    public static readonly TimeSpan CoordinatorPatience = TimeSpan.FromSeconds(2);

    private readonly Channel<(ControlMessage Message, long StoredBytes)> _answers =
        Channel.CreateUnbounded<(ControlMessage, long)>(new UnboundedChannelOptions { SingleReader = true });

    private ICheckpointCoordinatorControl Coordinator => grainFactory.GetGrain<ICheckpointCoordinatorControl>(CheckpointCoordinatorExtensions.DefaultKey);

    public void Send(ToCoordinator message, long storedBytes = 0) => _answers.Writer.TryWrite((ControlMessageCodec.Encode(message), storedBytes));

    /// <summary>What an agent reports of its silo.</summary>
    public void Send(ToRollbackCoordinator report) => Send(default, report);

    /// <summary>What a participant answers.</summary>
    public void Send(GrainId from, ToRollbackCoordinator message) => _answers.Writer.TryWrite((RollbackMessageCodec.Encode(from, message), 0));

    /// <summary>Sees to it that there is a coordinator.</summary>
    /// <returns>Whether there is one now; if not, the log says why.</returns>
    public async Task<bool> WakeCoordinator(CancellationToken cancellationToken = default)
    {
        try
        {
            await Coordinator.KeepAlive().WaitAsync(CoordinatorPatience, time, cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception exception)
        {
            LogNotReached(logger, exception);
            return false;
        }
    }

    public async Task Run()
    {
        var messages = new List<ControlMessage>();
        var bytes = new List<long>();
        while (await _answers.Reader.WaitToReadAsync())
        {
            messages.Clear();
            bytes.Clear();
            while (_answers.Reader.TryRead(out var answer))
            {
                messages.Add(answer.Message);
                bytes.Add(answer.StoredBytes);
            }

            try
            {
                await Coordinator.Answer(new ParticipantAnswers(silo.SiloAddress, [.. messages], [.. bytes])).WaitAsync(CoordinatorPatience, time);
            }
            catch (Exception exception)
            {
                LogAnswersLost(logger, messages.Count, exception);
            }
        }
    }

    [LoggerMessage(2, LogLevel.Warning, "Could not reach the checkpoint coordinator; it is called again. Until it answers, nothing is checkpointed and nothing rolls back")]
    private static partial void LogNotReached(ILogger logger, Exception exception);

    [LoggerMessage(1, LogLevel.Warning, "Could not deliver {Count} answers to the coordinator; it will ask again")]
    private static partial void LogAnswersLost(ILogger logger, int count, Exception exception);
}
