using Checkpointing.Runtime.Participants;
using Orleans.Timers;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The turns of timer callbacks of checkpointed grains. Whether a timer interleaves is known only to whoever registers it, and the runtime tells no filter; so these turns are taken here, when
/// a callback is about to run, and <see cref="IncomingCallFilter"/> lets it pass.
/// </summary>
internal sealed class TimerTurns(ITimerRegistry inner) : ITimerRegistry
{
    private const string TickInterface = "IGrainTimerInvoker";

    /// <summary>Whether a request that is no call brings a timer's callback.</summary>
    public static bool IsTick(string interfaceName) => interfaceName == TickInterface;

    [Obsolete("As in the interface.")]
    public IDisposable RegisterTimer(IGrainContext grainContext, Func<object?, Task> callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.RegisterTimer(
            grainContext,
            grainContext.GetComponent<CheckpointedActivation>() is { } activation ? passed => Run(activation, interleaves: true, () => callback(passed)) : callback,
            state,
            dueTime,
            period);

    public IGrainTimer RegisterGrainTimer<TState>(
        IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options) =>
        inner.RegisterGrainTimer(
            grainContext,
            grainContext.GetComponent<CheckpointedActivation>() is { } activation
                ? (passed, cancellationToken) => Run(activation, options.Interleave, () => callback(passed, cancellationToken))
                : callback,
            state,
            options);

    /// <summary>Runs the callback when it is its turn. If its activation stops before that, or meanwhile, there is nobody to tell.</summary>
    private static async Task Run(CheckpointedActivation activation, bool interleaves, Func<Task> callback)
    {
        activation.OnFirstCall?.Invoke();
        var turns = activation.Turns;
        var turn = activation.TurnOfTimer(interleaves);
        if (!turns.TryEnter(turn, Guid.Empty))
        {
            try
            {
                await turns.Enqueue(turn, Guid.Empty, request: null).Admitted;
            }
            catch (RolledBackException) when (activation.IsStopped)
            {
                return;
            }
        }

        try
        {
            if (activation.IsStopped)
            {
                return;
            }

            activation.StateMayHaveChanged = true;
            activation.Ledger.BeginCall();
            var handler = callback();
            if (!handler.IsCompleted)
            {
                await activation.Handlers.EndOf(handler).ConfigureAwait(false);
            }

            if (activation.IsStopped)
            {
                handler.Ignore();
            }
            else
            {
                await handler;
            }
        }
        finally
        {
            turns.Exit(turn);
        }
    }
}
