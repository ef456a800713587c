using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The answer to a <see cref="LabelledRequest"/>: the response of the grain and the labels it depends on. It has two faces. Where it was
/// made it looks like the response it wraps, so that the runtime still sees an exception that the grain let escape. Once it is sent it has
/// no exception, because an exception would travel without its label; the caller unwraps it.
/// </summary>
internal sealed class LabelledResponse(Response inner, StampSet stamps, CallFate fate = CallFate.Answered, long refusedUnder = 0) : Response
{
    private bool _isSent;

    public Response Inner { get; private set; } = inner;

    public StampSet Stamps { get; } = stamps;

    public CallFate Fate { get; } = fate;

    /// <summary>RB-20: if the call was too old, the line that its callee knows.</summary>
    public long RefusedUnder { get; } = refusedUnder;

    public override object? Result
    {
        get => _isSent ? this : Inner.Result;
        set => Inner.Result = value;
    }

    public override Exception? Exception
    {
        get => _isSent ? null : Inner.Exception;
        set => Inner.Exception = value;
    }

    public override Type? GetSimpleResultType() => _isSent ? null : Inner.GetSimpleResultType();

    [return: MaybeNull]
    public override T GetResult<T>() => _isSent && this is T self ? self : Inner.GetResult<T>();

    /// <summary>From here on it is a message: <paramref name="isolated"/> shares nothing with the grain.</summary>
    public LabelledResponse Sent(Response isolated)
    {
        Inner = isolated;
        _isSent = true;
        return this;
    }

    /// <summary>What the callee's method returned, or its exception thrown anew with its stack.</summary>
    public TResult? Unwrap<TResult>()
    {
        if (Inner is Response<TResult> typed)
            return typed.TypedResult;

        ThrowIfFailed();
        return (TResult?)Inner.Result;
    }

    public void ThrowIfFailed()
    {
        if (Inner.Exception is { } exception)
            ExceptionDispatchInfo.Throw(exception);
    }

    public override void Dispose() => Inner.Dispose();

    public override string ToString() => Inner.ToString();
}
