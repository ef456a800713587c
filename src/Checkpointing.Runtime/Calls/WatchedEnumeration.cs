using System.Reflection;
using Orleans.CodeGeneration;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The request for an enumeration, in the grain that runs it: to the runtime it is the request that it wraps. It tells when the method's code runs, which no call of the enumeration
/// protocol says: as long as a batch is not full the runtime lets it run on to the next element, and it ends what nobody asks for any more.
/// </summary>
internal sealed class WatchedEnumeration<T>(IAsyncEnumerableRequest<T> inner, IEnumerationCode watch) : IAsyncEnumerableRequest<T>, IAsyncEnumerable<T>
{
    public int MaxBatchSize
    {
        get => inner.MaxBatchSize;
        set => inner.MaxBatchSize = value;
    }

    public InvokeMethodOptions Options => inner.Options;

    public bool IsCancellable => inner.IsCancellable;

    public IAsyncEnumerable<T> InvokeImplementation() => this;

    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Enumerator(inner.InvokeImplementation().GetAsyncEnumerator(cancellationToken), watch);

    public void AddInvokeMethodOptions(InvokeMethodOptions options) => inner.AddInvokeMethodOptions(options);

    public object? GetTarget() => inner.GetTarget();

    public void SetTarget(ITargetHolder holder) => inner.SetTarget(holder);

    public ValueTask<Response> Invoke() => inner.Invoke();

    public int GetArgumentCount() => inner.GetArgumentCount();

    public object? GetArgument(int index) => inner.GetArgument(index);

    public void SetArgument(int index, object value) => inner.SetArgument(index, value);

    public string GetMethodName() => inner.GetMethodName();

    public string GetInterfaceName() => inner.GetInterfaceName();

    public string GetActivityName() => inner.GetActivityName();

    public MethodInfo GetMethod() => inner.GetMethod();

    public Type GetInterfaceType() => inner.GetInterfaceType();

    public TimeSpan? GetDefaultResponseTimeout() => inner.GetDefaultResponseTimeout();

    public CancellationToken GetCancellationToken() => inner.GetCancellationToken();

    public bool TryCancel() => inner.TryCancel();

    public void Dispose() => inner.Dispose();

    public override string ToString() => inner.ToString() ?? string.Empty;

    private sealed class Enumerator(IAsyncEnumerator<T> code, IEnumerationCode watch) : IAsyncEnumerator<T>
    {
        public T Current => code.Current;

        public ValueTask<bool> MoveNextAsync() => watch.ToNext(code);

        public ValueTask DisposeAsync() => watch.End(code);
    }
}

/// <summary>Runs the code of one enumeration.</summary>
internal interface IEnumerationCode
{
    ValueTask<bool> ToNext<T>(IAsyncEnumerator<T> code);

    ValueTask End(IAsyncDisposable code);
}

/// <summary>Puts a <see cref="WatchedEnumeration{T}"/> into the call that begins an enumeration.</summary>
internal static class WatchedEnumeration
{
    private const int Request = 1;

    public static void Put(IInvokable begin, IEnumerationCode watch)
    {
        var request = begin.GetArgument(Request)!;
        var element = request.GetType().GetInterfaces().Single(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerableRequest<>)).GetGenericArguments()[0];
        begin.SetArgument(Request, Activator.CreateInstance(typeof(WatchedEnumeration<>).MakeGenericType(element), request, watch)!);
    }
}
