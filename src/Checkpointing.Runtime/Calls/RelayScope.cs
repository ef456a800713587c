using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.CodeGeneration;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// What one call of an un-checkpointed application grain has received (SPEC K5): it goes on that call's requests and on its response.
/// Such a grain may still let calls interleave (always-interleaved methods, call chains); calls that overlap then share one scope, which can only
/// add dependencies, never lose one. Only calls of reentrant classes, which may overlap without end, and enumerations, which last as long as their caller likes, keep a scope of
/// their own, in an AsyncLocal.
/// </summary>
internal class RelayScope(IGrainContext relay) : CallOrigin
{
    protected static readonly AsyncLocal<RelayScope?> Own = new();

    private readonly StampSetBuilder _received = new();
    private int _running;
    private bool _isAwaitedByParticipant;
    private List<ParticipantId>? _awaiting;
    private GrainId _firstChanged;
    private bool _isOneCall = true;

    public override bool IsAwaitedByParticipant => _isAwaitedByParticipant;

    public override IEnumerable<ParticipantId> Awaiting => _awaiting ?? [];

    public StampSet Received => _received.ToStampSet();

    protected bool IsRunning => _running > 0;

    /// <summary>The scope of the call that runs now; also where there is none, as in OnActivateAsync.</summary>
    public static RelayScope Current(IGrainContext relay) => Own.Value is { IsOver: false } own && own.IsOf(relay) ? own : Shared(relay);

    public static RelayScope Enter(IIncomingGrainCallContext call, bool isReentrant)
    {
        var relay = call.TargetContext;
        var own = EnumerationCall.TryGetId(call.Request, out var enumeration) ? RelayEnumerations.Of(relay).Of(enumeration, call.Request)
            : isReentrant ? new RelayScope(relay)
            : null;
        if (Own.Value != own)
            Own.Value = own;

        var scope = own ?? Shared(relay);
        scope.Enter(call);
        return scope;
    }

    /// <summary>Whether code that still runs in it is no part of it any more.</summary>
    public virtual bool IsOver => false;

    public virtual void Exit() => _running--;

    public override StampSet LabelNext(GrainId receiver, CallRole receiverRole) => _received.ToStampSet();

    /// <summary>Of what calls that overlap do, nobody can say which of them did it: only a call that runs alone is looked at.</summary>
    public override void BeginChain(GrainId participant, IRequest request)
    {
        if (!_isOneCall || _running != 1 || (request.Options & InvokeMethodOptions.ReadOnly) != 0 || participant == _firstChanged)
            return;

        if (_firstChanged.IsDefault)
        {
            _firstChanged = participant;
            return;
        }

        _isOneCall = false;
        relay.ActivationServices.GetService<SeparateChains>()?.Seen(relay, _firstChanged, participant);
    }

    public override bool IsStopped => false;

    public override LocalRollbacks? Rollbacks => relay.ActivationServices.GetService<LocalRollbacks>();

    /// <summary>A call of this call was lost: its caller must know (SPEC K30).</summary>
    public bool HasLostCall { get; private set; }

    /// <summary>What a relay passes on is checked where it is received in the end.</summary>
    public override bool TryReceive(in StampSet stamps)
    {
        _received.Add(stamps);
        return true;
    }

    public override bool LoseCall(bool isAwaited)
    {
        var mustBeKnown = isAwaited || _isAwaitedByParticipant;
        HasLostCall |= mustBeKnown;
        return mustBeKnown;
    }

    public override void CallSent(Guid chain)
    {
    }

    public override void CallEnded(Guid chain, int period)
    {
    }

    /// <summary>A call begins, and no other one runs in this scope.</summary>
    protected virtual void BeginAlone(IIncomingGrainCallContext call, LabelledRequest? request)
    {
        _received.Clear();
        ForgetCaller();
        HasLostCall = false;
        _firstChanged = default;
        _isOneCall = true;
    }

    /// <summary>The next one may be another.</summary>
    protected void ForgetCaller()
    {
        _isAwaitedByParticipant = false;
        _awaiting = null;
    }

    protected StampSet ReceivedSince(in StampSet earlier) => _received.Since(earlier);

    protected void ReplaceReceived(in StampSet first, in StampSet others)
    {
        _received.Clear();
        _received.Add(first);
        _received.Add(others);
    }

    private static RelayScope Shared(IGrainContext relay)
    {
        if (relay.GetComponent<RelayScope>() is { } shared)
            return shared;

        shared = new RelayScope(relay);
        relay.SetComponent(shared);
        return shared;
    }

    private bool IsOf(IGrainContext other) => ReferenceEquals(relay, other);

    private void Enter(IIncomingGrainCallContext call)
    {
        var request = call.Request as LabelledRequest;
        if (_running++ == 0)
            BeginAlone(call, request);
        else
            _isOneCall = false;

        if (request is null)
            return;

        _received.Add(request.Stamps);
        _isAwaitedByParticipant |= request.IsNested;
        if (request.AwaitedBy is { } participant && _awaiting?.Contains(participant) != true)
            (_awaiting ??= []).Add(participant);
    }
}
