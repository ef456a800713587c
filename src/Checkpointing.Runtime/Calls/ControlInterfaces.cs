using System.Collections.Concurrent;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Interfaces that run no application code: control messages of this library and of Orleans itself. They are never parked, counted or
/// labelled. Every other extension counts as application code, because a wrong guess on that side only costs a wait.
/// </summary>
internal static class ControlInterfaces
{
    private static readonly HashSet<string> OrleansControl =
    [
        "Orleans.Core.Internal.IGrainManagementExtension",
        "Orleans.Runtime.ICancellationSourcesExtension",
        "Orleans.Runtime.IGrainCallCancellationExtension",
        "Orleans.Streams.IStreamProducerExtension",
        "Orleans.Transactions.Abstractions.ITransactionalResourceExtension",
        "Orleans.Transactions.Abstractions.ITransactionManagerExtension",
    ];

    private static readonly ConcurrentDictionary<Type, bool> Answers = new();

    public static bool Contains(Type interfaceType) =>
        Answers.TryGetValue(interfaceType, out var answer) ? answer : Answers.GetOrAdd(interfaceType, IsControl);

    private static bool IsControl(Type interfaceType) =>
        typeof(IGrainExtension).IsAssignableFrom(interfaceType)
        && (interfaceType.Assembly == typeof(ControlInterfaces).Assembly || OrleansControl.Contains(interfaceType.FullName ?? string.Empty));
}
