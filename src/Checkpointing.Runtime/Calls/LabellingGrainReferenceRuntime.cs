using System.Runtime.CompilerServices;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Participants;
using Microsoft.Extensions.DependencyInjection;
using Orleans.CodeGeneration;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The outgoing half of the call path. It stands before the runtime's own <see cref="IGrainReferenceRuntime"/>, labels what participants and
/// relays send to application grains, and records the labels of what they get back.
/// </summary>
/// <remarks>
/// A nested call is sent as always-interleaved: only the message says so, the request keeps its own options. The runtime then hands it
/// to the incoming filter at once, whatever is running or parked there, and the callee's turn lock decides when it runs.
/// </remarks>
internal sealed class LabellingGrainReferenceRuntime(
    IGrainReferenceRuntime inner,
    bool hasOutgoingFilters,
    GrainTypeTraitsResolver traits,
    TimeSpan responseTimeout,
    IServiceProvider services) : IGrainReferenceRuntime
{
    // Resolved at the first call: it depends on this service, and start-up would hang.
    private IGrainContextAccessor? _accessor;

    private IGrainContextAccessor Accessor => _accessor ??= services.GetRequiredService<IGrainContextAccessor>();

    public object Cast(IAddressable grain, Type grainInterface) => inner.Cast(grain, grainInterface);

    public ValueTask<T?> InvokeMethodAsync<T>(GrainReference reference, IInvokable request, InvokeMethodOptions options)
    {
        var labelled = Label(reference, request, ref options);
        if (labelled is null)
        {
            return reference.GrainId.Type == AwaitingChain.Coordinator
                ? AskCoordinator<T>(reference, request, options)
                : inner.InvokeMethodAsync<T>(reference, request, options);
        }

        if ((options & InvokeMethodOptions.OneWay) != 0)
            return inner.InvokeMethodAsync<T>(reference, labelled, options);

        var call = new OutstandingCall(labelled.Origin!, reference.GrainId);
        var enumeration = EnumerationOf<T>(labelled);
        if (hasOutgoingFilters)
            return AwaitFiltered(call, Send<T>(call, reference, labelled, options), labelled.Origin!, enumeration);

        return Await<T>(call, Send<object>(call, reference, labelled, options), reference, labelled, options, enumeration);
    }

    public ValueTask InvokeMethodAsync(GrainReference reference, IInvokable request, InvokeMethodOptions options)
    {
        var labelled = Label(reference, request, ref options);
        if (labelled is null)
            return inner.InvokeMethodAsync(reference, request, options);

        // A one-way request of a method that returns a task: the runtime completes it as soon as it is sent.
        if ((options & InvokeMethodOptions.OneWay) != 0)
            return inner.InvokeMethodAsync(reference, labelled, options);

        var call = new OutstandingCall(labelled.Origin!, reference.GrainId);
        if (hasOutgoingFilters)
            return AwaitFilteredVoid(call, Send<object>(call, reference, labelled, options));

        return AwaitVoid(call, Send<object>(call, reference, labelled, options), reference, labelled, options);
    }

    public void InvokeMethod(GrainReference reference, IInvokable request, InvokeMethodOptions options) =>
        inner.InvokeMethod(reference, Label(reference, request, ref options) ?? request, options);

    /// <summary>The labelled form of a request, or null if it passes untouched.</summary>
    private LabelledRequest? Label(GrainReference reference, IInvokable request, ref InvokeMethodOptions options)
    {
        var target = reference.GrainId;
        var targetTraits = traits.Of(target.Type);
        if (!targetTraits.AcceptsLabels
            || request is not IRequest plain
            || request is IOutgoingGrainCallFilter
            || ControlInterfaces.Contains(request.GetInterfaceType()))
        {
            return null;
        }

        var caller = Accessor.GrainContext;
        var origin = caller is null ? null : OriginOf(caller);
        if (origin is null)
        {
            HomeContext.ThrowIfLeft(caller, target, request);
            return null;
        }

        if (origin.IsStopped)
            throw Undone.Caller(caller!.GrainId);

        var isOneWay = (options & InvokeMethodOptions.OneWay) != 0;
        var isNested = !isOneWay && origin.IsAwaitedByParticipant;
        if (targetTraits.Role == CallRole.Participant)
        {
            if (isNested)
                options |= InvokeMethodOptions.AlwaysInterleave;
            else if (!isOneWay)
                origin.BeginChain(target, plain);
        }

        if (EnumerationCall.TryGetId(request, out var enumeration) && EnumerationCall.Ends(request))
        {
            // After the end, or if the enumeration may never have begun, it is nothing that could be lost with a relay. A participant has a gate that it must pass.
            isNested &= origin.LeavesInTheMiddle(enumeration) || targetTraits.Role == CallRole.Participant;
        }

        return new LabelledRequest(plain, origin.LabelNext(target, targetTraits.Role), isNested, origin, isOneWay ? CallCutOff.Unchecked : origin.SentUnder(targetTraits.Role));
    }

    private ValueTask<T?> AskCoordinator<T>(GrainReference reference, IInvokable request, InvokeMethodOptions options)
    {
        var origin = Accessor.GrainContext is { } caller ? OriginOf(caller) : null;
        AwaitingChain.Put(origin);
        try
        {
            return inner.InvokeMethodAsync<T>(reference, request, options);
        }
        finally
        {
            AwaitingChain.Take();
        }
    }

    private CallOrigin? OriginOf(IGrainContext caller)
    {
        var callerTraits = traits.Of(caller.GrainId.Type);
        return callerTraits.Role switch
        {
            CallRole.Participant => caller.GetComponent<CheckpointedActivation>(),
            CallRole.Relay => RelayScope.Current(caller),
            _ => null,
        };
    }

    private ValueTask<T?> Send<T>(in OutstandingCall call, GrainReference reference, LabelledRequest request, InvokeMethodOptions options)
    {
        call.Begin();
        try
        {
            return inner.InvokeMethodAsync<T>(reference, request, options);
        }
        catch
        {
            call.End();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T?> Await<T>(
        OutstandingCall call, ValueTask<object?> pending, GrainReference reference, LabelledRequest request, InvokeMethodOptions options, Guid enumeration)
    {
        try
        {
            object? answer;
            try
            {
                answer = await pending;
            }
            catch (Exception exception)
            {
                return NoteEnumeration(request.Origin!, enumeration, call.ResultOf<T>(await Repeat(reference, request, options).After(exception)));
            }

            if (answer is LabelledResponse response && !call.TryTake(response))
                answer = await Repeat(reference, request, options).After(response);

            return NoteEnumeration(request.Origin!, enumeration, call.ResultOf<T>(answer));
        }
        finally
        {
            call.End();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitVoid(
        OutstandingCall call, ValueTask<object?> pending, GrainReference reference, LabelledRequest request, InvokeMethodOptions options)
    {
        try
        {
            object? answer;
            try
            {
                answer = await pending;
            }
            catch (Exception exception)
            {
                call.ResultOf<object>(await Repeat(reference, request, options).After(exception));
                return;
            }

            if (answer is LabelledResponse response && !call.TryTake(response))
                answer = await Repeat(reference, request, options).After(response);

            call.ResultOf<object>(answer);
        }
        finally
        {
            call.End();
        }
    }

    private RepeatedCall Repeat(GrainReference reference, LabelledRequest request, InvokeMethodOptions options) => new(
        request.Origin!,
        reference.GrainId,
        request,
        copy => inner.InvokeMethodAsync<object>(reference, copy, options),
        request.GetDefaultResponseTimeout() ?? responseTimeout,
        services.GetRequiredService<TimeProvider>());

    // With outgoing filters the receipt is taken by the innermost of them, so that the others see the plain response.
    private static async ValueTask<T?> AwaitFiltered<T>(OutstandingCall call, ValueTask<T?> pending, CallOrigin origin, Guid enumeration)
    {
        try
        {
            return NoteEnumeration(origin, enumeration, await pending);
        }
        finally
        {
            call.End();
        }
    }

    private static async ValueTask AwaitFilteredVoid(OutstandingCall call, ValueTask<object?> pending)
    {
        try
        {
            await pending;
        }
        finally
        {
            call.End();
        }
    }

    /// <summary>The enumeration to which the answer brings an element: only these calls have such a result. Asked before the call is sent, because its request may be recycled then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Guid EnumerationOf<T>(LabelledRequest request) =>
        typeof(T) == typeof((EnumerationResult, object)) && EnumerationCall.TryGetId(request, out var id) ? id : Guid.Empty;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T? NoteEnumeration<T>(CallOrigin origin, Guid enumeration, T? answer)
    {
        if (typeof(T) == typeof((EnumerationResult, object)) && enumeration != Guid.Empty && answer is ValueTuple<EnumerationResult, object?> { Item1: var status })
            origin.NoteEnumeration(enumeration, isOpen: !EnumerationCall.HasEnded(status));

        return answer;
    }

    /// <summary>A two-way call between its request and the end of its wait.</summary>
    private readonly struct OutstandingCall(CallOrigin origin, GrainId callee)
    {
        private readonly CallOrigin _origin = origin;
        private readonly Guid _chain = RequestContext.ReentrancyId;
        private readonly int _period = origin.Period;

        public void Begin() => _origin.CallSent(_chain);

        public void End() => _origin.CallEnded(_chain, _period);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool TryTake(LabelledResponse response) => _origin.TryTake(response, callee);

        /// <summary>The result in an answer that was taken, or that needs not be.</summary>
        public T? ResultOf<T>(object? answer)
        {
            if (answer is LabelledResponse response)
                return response.Unwrap<T>();

            _origin.ThrowIfStopped(callee);
            return (T?)answer;
        }
    }
}
