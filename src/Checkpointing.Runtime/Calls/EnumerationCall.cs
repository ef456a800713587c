using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The calls by which the runtime brings the elements of an IAsyncEnumerable method. If the caller takes batches, which is the default, or an element takes longer than half the
/// response timeout, the method's code also runs between two of them.
/// </summary>
internal static class EnumerationCall
{
    public static bool Is(IInvokable request) => request.GetInterfaceType() == typeof(IAsyncEnumerableGrainExtension);

    /// <summary>The enumeration that it is about.</summary>
    public static bool TryGetId(IInvokable request, out Guid id)
    {
        if (Is(request) && request.GetArgument(0) is Guid argument)
        {
            id = argument;
            return true;
        }

        id = default;
        return false;
    }

    public static bool Begins(IInvokable request) => request.GetMethodName().StartsWith(nameof(IAsyncEnumerableGrainExtension.StartEnumeration), StringComparison.Ordinal);

    /// <summary>Whether it asks for more: then its caller has received the answer before.</summary>
    public static bool AsksForMore(IInvokable request) => request.GetMethodName().StartsWith(nameof(IAsyncEnumerableGrainExtension.MoveNext), StringComparison.Ordinal);

    /// <summary>Whether it says that nobody wants more.</summary>
    public static bool Ends(IInvokable request) => request.GetMethodName() == nameof(IAsyncEnumerableGrainExtension.DisposeAsync);

    /// <summary>Whether there can be a next one after this answer.</summary>
    public static bool LeavesOpen(Response? answer) => answer is { Exception: null } && answer.Result is ValueTuple<EnumerationResult, object?> { Item1: var status } && !HasEnded(status);

    public static bool HasEnded(EnumerationResult status) =>
        (status & (EnumerationResult.Completed | EnumerationResult.MissingEnumeratorError | EnumerationResult.Error | EnumerationResult.Canceled)) != 0;
}
