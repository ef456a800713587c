using System.Reflection;
using Checkpointing.Protocol.Labels;
using Orleans.CodeGeneration;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// A request that carries labels. To the runtime and to filters it is the request it wraps. That it carries none yet still asks for a
/// labelled response: so do relays before they have received any label (SPEC K5).
/// </summary>
[GenerateSerializer]
[SuppressReferenceTracking]
[Alias("checkpointing.labelled-request.v1")]
internal sealed class LabelledRequest : IRequest
{
    [NonSerialized]
    private readonly CallOrigin? _origin;

    [NonSerialized]
    private bool _isKept;

    [NonSerialized]
    private bool _hasRun;

    [NonSerialized]
    private LabelledRequest? _runsBeside;

    public LabelledRequest()
    {
    }

    public LabelledRequest(IRequest inner, StampSet stamps, bool isNested, CallOrigin origin, long sentUnder, bool mayHaveArrived = false)
    {
        Inner = inner;
        Stamps = stamps;
        IsNested = isNested;
        _origin = origin;
        SentUnder = sentUnder;
        MayHaveArrived = mayHaveArrived;
    }

    [Id(0)]
    public IRequest Inner { get; private set; } = null!;

    [Id(1)]
    public StampSet Stamps { get; private set; }

    /// <summary>Whether a participant awaits this call, directly or through relays: then it must pass a closed gate.</summary>
    [Id(2)]
    public bool IsNested { get; private set; }

    /// <summary>RB-20: the line that its sender knew; 0 if it is never sent again once it may have run.</summary>
    [Id(3)]
    public long SentUnder { get; private set; }

    /// <summary>RB-20: an earlier copy was lost with a silo or a connection, and may have been received all the same.</summary>
    [Id(4)]
    public bool MayHaveArrived { get; private set; }

    /// <summary>The nearest participant that awaits this call: its label comes first, also on what relays pass on.</summary>
    public ParticipantId? AwaitedBy => IsNested && !Stamps.IsEmpty ? Stamps.First.Sender.Participant : null;

    /// <summary>Where it runs: the nested call that was admitted there before this one and runs still.</summary>
    public LabelledRequest? RunsBeside
    {
        get => _runsBeside;
        set => _runsBeside = value;
    }

    /// <summary>
    /// Whether this very object was run. Between grains of one silo it is the sender's too, and what the handler has made of its arguments shows there: it cannot be sent again.
    /// </summary>
    public bool HasRun
    {
        get => _hasRun;
        set => _hasRun = value;
    }

    /// <summary>Who sent it; null at the receiver of another silo.</summary>
    public CallOrigin? Origin => _origin;

    /// <summary>Another copy, under the same label. This one may still be on its way, so it stays as it is.</summary>
    public LabelledRequest Again(long sentUnder, bool mayHaveArrived) => new(Inner, Stamps, IsNested, _origin!, sentUnder, mayHaveArrived);

    public bool IsOneWay => (Inner.Options & InvokeMethodOptions.OneWay) != 0;

    public InvokeMethodOptions Options => Inner.Options;

    public bool IsCancellable => Inner.IsCancellable;

    public void AddInvokeMethodOptions(InvokeMethodOptions options) => Inner.AddInvokeMethodOptions(options);

    public object? GetTarget() => Inner.GetTarget();

    public void SetTarget(ITargetHolder holder) => Inner.SetTarget(holder);

    public ValueTask<Response> Invoke() => Inner.Invoke();

    public int GetArgumentCount() => Inner.GetArgumentCount();

    public object? GetArgument(int index) => Inner.GetArgument(index);

    public void SetArgument(int index, object value) => Inner.SetArgument(index, value);

    public string GetMethodName() => Inner.GetMethodName();

    public string GetInterfaceName() => Inner.GetInterfaceName();

    public string GetActivityName() => Inner.GetActivityName();

    public MethodInfo GetMethod() => Inner.GetMethod();

    public Type GetInterfaceType() => Inner.GetInterfaceType();

    public TimeSpan? GetDefaultResponseTimeout() => Inner.GetDefaultResponseTimeout();

    public CancellationToken GetCancellationToken() => Inner.GetCancellationToken();

    public bool TryCancel() => Inner.TryCancel();

    /// <summary>
    /// The runtime must not recycle it when this attempt ends: it will be sent again, or code that does not know of its end still runs.
    /// </summary>
    public void Keep() => _isKept = true;

    public void Dispose()
    {
        if (!_isKept)
            Inner.Dispose();
    }

    public override string ToString() => Inner.ToString() ?? string.Empty;
}
