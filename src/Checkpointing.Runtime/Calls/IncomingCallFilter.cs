using System.Diagnostics.CodeAnalysis;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Participants;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The incoming half of the call path, the first of all incoming filters: it admits or parks calls of participants, records what was
/// received when a call is admitted, and labels the response if the request was labelled.
/// </summary>
internal sealed class IncomingCallFilter(GrainTypeTraitsResolver traits) : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context)
    {
        var target = context.TargetContext;
        var targetTraits = traits.Of(target.GrainId.Type);
        if (targetTraits.Role == CallRole.Outside || ControlInterfaces.Contains(context.Request.GetInterfaceType()))
            return context.Invoke();

        if (targetTraits.Role == CallRole.Relay)
            return InvokeRelay(context, targetTraits.IsReentrant);

        return target.GetComponent<CheckpointedActivation>() is { } activation ? InvokeParticipant(context, activation) : context.Invoke();
    }

    private static Task InvokeParticipant(IIncomingGrainCallContext context, CheckpointedActivation activation)
    {
        var request = context.Request;
        if (request is not IRequest && activation.NoticeTick(request))
            return activation.Context.GrainInstance is IIncomingGrainCallFilter ? InvokeFilteredTick(context, activation) : context.Invoke();

        var labelled = request as LabelledRequest;
        var turn = activation.TurnOf(request, labelled);
        activation.OnFirstCall?.Invoke();
        var turns = activation.Turns;
        var chain = turns.ActiveHandlers == 0 ? Guid.Empty : RequestContext.ReentrancyId;
        return turns.TryEnter(turn, chain)
            ? Run(context, activation, labelled, turn)
            : RunLater(context, activation, labelled, turn, turns.Enqueue(turn, chain, request));
    }

    /// <summary>The turn is taken around the callback (<see cref="TimerTurns"/>). What the grain's own filter does before and after it may change the state as well.</summary>
    private static async Task InvokeFilteredTick(IIncomingGrainCallContext context, CheckpointedActivation activation)
    {
        activation.StateMayHaveChanged = true;
        await context.Invoke();
        activation.StateMayHaveChanged = true;
    }

    private static async Task RunLater(
        IIncomingGrainCallContext context, CheckpointedActivation activation, LabelledRequest? labelled, Turn turn, WaitingCall call)
    {
        try
        {
            await call.Admitted;
        }
        catch (Exception exception)
        {
            if (!activation.IsStopped)
                throw;

            await Conclude(context, labelled, CallFate.NotRun, exception);
            return;
        }

        if (activation.IsStopped)
        {
            // It stopped between the admission and this turn.
            activation.Turns.Exit(turn);
            await Conclude(context, labelled, CallFate.NotRun, Undone.NotRun(activation.Context.GrainId));
            return;
        }

        await Run(context, activation, labelled, turn);
    }

    private static Task Run(IIncomingGrainCallContext context, CheckpointedActivation activation, LabelledRequest? labelled, Turn turn)
    {
        if (labelled is { SentUnder: not CallCutOff.Unchecked } && activation.FateOf(labelled) is var fate and not CallFate.Answered)
        {
            activation.Turns.Exit(turn);
            var callee = activation.Context.GrainId;
            return fate == CallFate.TooOld
                ? Conclude(context, labelled, fate, Undone.TooOld(callee), activation.CutOffLine)
                : Conclude(context, labelled, fate, Undone.HasArrived(callee));
        }

        var request = context.Request;
        var isEnumeration = EnumerationCall.TryGetId(request, out var enumeration);
        if (isEnumeration && labelled is { IsNested: true } && activation.HasLostEnumeration(labelled, enumeration))
        {
            activation.Turns.Exit(turn);
            return Conclude(context, labelled, CallFate.Lost, Undone.Enumeration(activation.Context.GrainId));
        }

        var isReadOnly = (turn & Turn.ReadOnly) != 0;
        if (!isReadOnly)
        {
            activation.StateMayHaveChanged = true;
            activation.Ledger.BeginCall();
        }

        // K6: on an untouched grain a read-only call leaves no trace, unless that changes before it ends.
        var leavesNoTrace = isReadOnly && labelled is not null && activation.IsCertainlyUntouched;
        if (labelled is not null && !leavesNoTrace && !activation.TryReceive(labelled.Stamps))
        {
            activation.Turns.Exit(turn);
            return Conclude(context, labelled, CallFate.LostForGood, Undone.Message(activation.Context.GrainId));
        }

        if (labelled is not null)
        {
            labelled.HasRun = true;
            if (leavesNoTrace)
                activation.UntracedReads++;
            if (labelled.IsNested)
                activation.NestedCallBegan(labelled);
        }

        if (isEnumeration)
            activation.EnumerationCallBegins(request, enumeration, labelled?.IsNested == true);

        var handler = context.Invoke();
        return handler.IsCompleted
            ? End(context, activation, labelled, turn, leavesNoTrace, handler)
            : EndLater(context, activation, labelled, turn, leavesNoTrace, handler);
    }

    private static async Task EndLater(
        IIncomingGrainCallContext context, CheckpointedActivation activation, LabelledRequest? labelled, Turn turn, bool leavesNoTrace, Task handler)
    {
        await activation.Handlers.EndOf(handler).ConfigureAwait(false);
        await End(context, activation, labelled, turn, leavesNoTrace, handler);
    }

    private static Task End(
        IIncomingGrainCallContext context, CheckpointedActivation activation, LabelledRequest? labelled, Turn turn, bool leavesNoTrace, Task handler)
    {
        try
        {
            if (activation.IsStopped)
            {
                // Its label would be above the end of this life. The code may still run.
                handler.Ignore();
                return Conclude(context, labelled, CallFate.Lost, Undone.Handler(activation.Context.GrainId));
            }

            if (EnumerationCall.TryGetId(context.Request, out var enumeration))
                activation.EnumerationCallEnded(enumeration, handler.IsCompletedSuccessfully ? context.Response : null);

            if (labelled is null)
            {
                return activation.HasLostCall && context.Request is IRequest && handler.IsCompletedSuccessfully
                    ? Task.FromException(Undone.Handler(activation.Context.GrainId))
                    : handler;
            }

            if (leavesNoTrace)
            {
                if (activation.IsCertainlyUntouched)
                    return handler.IsCompletedSuccessfully || labelled.IsOneWay ? handler : Answer(context, handler, default);

                if (!activation.TryReceive(labelled.Stamps))
                    return Conclude(context, labelled, CallFate.LostForGood, Undone.Message(activation.Context.GrainId));
            }

            return labelled.IsOneWay ? handler : Answer(context, handler, activation.LabelResponse(labelled.Stamps));
        }
        finally
        {
            if (leavesNoTrace)
                activation.UntracedReads--;
            if (labelled?.IsNested == true)
                activation.NestedCallEnded(labelled);
            activation.Turns.Exit(turn);
        }
    }

    private static Task InvokeRelay(IIncomingGrainCallContext context, bool isReentrant)
    {
        var labelled = context.Request as LabelledRequest;
        var scope = RelayScope.Enter(context, isReentrant);
        var handler = context.Invoke();
        return handler.IsCompleted ? EndRelay(context, labelled, scope, handler) : EndRelayLater(context, labelled, scope, handler);
    }

    [SuppressMessage("Design", "CA1031", Justification = "The failure is handed on by EndRelay.")]
    private static async Task EndRelayLater(IIncomingGrainCallContext context, LabelledRequest? labelled, RelayScope scope, Task handler)
    {
        try
        {
            await handler;
        }
        catch
        {
            // EndRelay finds it in the task.
        }

        await EndRelay(context, labelled, scope, handler);
    }

    private static Task EndRelay(IIncomingGrainCallContext context, LabelledRequest? labelled, RelayScope scope, Task handler)
    {
        var (received, hasLostCall) = (scope.Received, scope.HasLostCall);
        scope.Exit();
        if (scope is RelayEnumeration enumeration && EnumerationCall.TryGetId(context.Request, out var id))
            RelayEnumerations.Of(context.TargetContext).CallEnded(id, enumeration, handler.IsCompletedSuccessfully ? context.Response : null);

        if (labelled is null || labelled.IsOneWay)
            return handler;

        if (hasLostCall)
            return Answer(context, handler, received, CallFate.Lost);

        // An error always travels as an answer: the runtime's own errors, thrown on by the relay, would look to its caller like a call that was lost or not run.
        return received.IsEmpty && handler.IsCompletedSuccessfully ? handler : Answer(context, handler, received);
    }

    /// <summary>The answer to a call that did not run to its end here.</summary>
    private static Task Conclude(IIncomingGrainCallContext context, LabelledRequest? labelled, CallFate fate, Exception error, long refusedUnder = 0)
    {
        if (labelled is null)
            return Task.FromException(error);

        labelled.Keep();
        if (!labelled.IsOneWay)
            context.Response = new LabelledResponse(Response.FromException(error), default, fate, refusedUnder);

        return Task.CompletedTask;
    }

    /// <summary>An exception is a response like any other: it must not travel without its label.</summary>
    private static Task Answer(IIncomingGrainCallContext context, Task handler, in StampSet stamps, CallFate fate = CallFate.Answered)
    {
        var response = handler.IsCompletedSuccessfully ? context.Response! : Response.FromException(FailureOf(handler));
        context.Response = new LabelledResponse(response, stamps, fate);
        return Task.CompletedTask;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever the handler threw is its response.")]
    private static Exception FailureOf(Task handler)
    {
        if (handler.Exception?.InnerException is { } thrown)
            return thrown;

        try
        {
            handler.GetAwaiter().GetResult();
        }
        catch (Exception cancelled)
        {
            return cancelled;
        }

        throw new InvalidOperationException("The handler did not fail.");
    }
}
