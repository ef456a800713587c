using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.CodeGeneration;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// What one call of an un-checkpointed application grain has received (SPEC K5): it goes on that call's requests and on its response.
/// Such a grain may still let calls interleave (always-interleaved methods, call chains); calls that overlap then share one scope, which can only
/// add dependencies, never lose one. Only reentrant classes, where calls may overlap without end, keep a scope per call in an AsyncLocal.
/// </summary>
internal sealed class RelayScope(IGrainContext relay) : CallOrigin
{
    private static readonly AsyncLocal<RelayScope?> PerCall = new();

    private readonly StampSetBuilder _received = new();
    private int _running;
    private bool _isAwaitedByParticipant;
    private List<ParticipantId>? _awaiting;
    private GrainId _firstChanged;
    private bool _isOneCall;

    public override bool IsAwaitedByParticipant => _isAwaitedByParticipant;

    public override IEnumerable<ParticipantId> Awaiting => _awaiting ?? [];

    public StampSet Received => _received.ToStampSet();

    /// <summary>The scope of the call that runs now; also where there is none, as in OnActivateAsync.</summary>
    public static RelayScope Current(IGrainContext relay, bool isReentrant)
    {
        if (isReentrant && PerCall.Value is { } scope)
            return scope;

        if (relay.GetComponent<RelayScope>() is { } shared)
            return shared;

        shared = new RelayScope(relay);
        relay.SetComponent(shared);
        return shared;
    }

    public static RelayScope Enter(IGrainContext relay, bool isReentrant, LabelledRequest? request)
    {
        RelayScope scope;
        if (isReentrant)
            PerCall.Value = scope = new RelayScope(relay);
        else
            scope = Current(relay, isReentrant);

        scope.Enter(request);
        return scope;
    }

    public void Exit() => _running--;

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

    public override void CallEnded(Guid chain)
    {
    }

    private void Enter(LabelledRequest? request)
    {
        if (_running++ == 0)
        {
            _received.Clear();
            _isAwaitedByParticipant = false;
            HasLostCall = false;
            _awaiting = null;
            _firstChanged = default;
            _isOneCall = true;
        }
        else
        {
            _isOneCall = false;
        }

        if (request is not null)
        {
            _received.Add(request.Stamps);
            _isAwaitedByParticipant |= request.IsNested;
            if (request.AwaitedBy is { } participant)
                (_awaiting ??= []).Add(participant);
        }
    }
}
