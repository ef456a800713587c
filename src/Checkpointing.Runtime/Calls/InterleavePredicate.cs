using System.Reflection;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>A grain class's [MayInterleave] predicate, bound to one activation's grain.</summary>
internal static class InterleavePredicate
{
    private const BindingFlags Flags = BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.FlattenHierarchy;

    public static Func<IInvokable, bool>? Bind(object grain, string? methodName)
    {
        if (methodName is null || grain.GetType().GetMethod(methodName, Flags) is not { } method)
            return null;

        return method.IsStatic
            ? method.CreateDelegate<Func<IInvokable, bool>>()
            : method.CreateDelegate<Func<IInvokable, bool>>(grain);
    }
}
