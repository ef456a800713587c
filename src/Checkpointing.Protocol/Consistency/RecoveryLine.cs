using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// The recovery line: the unique maximal consistent set of checkpoints and, where possible, current states. Computed from the full
/// history, knowing nothing of labels, ledgers or the rollback algorithm; it therefore judges who has to go back and who need not.
/// <para>
/// Every constraint has the form "if this event is kept, that one is". Such constraints hold for the later of two line positions of each
/// process whenever they hold for both lines, so that there is one maximal line, and lowering only what must be lowered finds it.
/// </para>
/// </summary>
internal sealed class RecoveryLine
{
    private readonly ImmutableSortedDictionary<ProcessName, int> _kept;

    private RecoveryLine(ImmutableSortedDictionary<ProcessName, int> kept, ImmutableSortedDictionary<ProcessName, GoesBack> goingBack)
    {
        _kept = kept;
        GoingBack = goingBack;
    }

    /// <summary>Who goes back, how far and why. Who is not in it keeps its current state.</summary>
    public ImmutableSortedDictionary<ProcessName, GoesBack> GoingBack { get; }

    /// <summary>How many of its sends and receipts each process keeps.</summary>
    public IReadOnlyDictionary<ProcessName, int> Kept => _kept;

    /// <exception cref="ArgumentException">A message is sent or received twice, or a lost call was never sent.</exception>
    public static RecoveryLine Of(Failure failure)
    {
        var search = new RecoveryLineSearch(failure);
        search.Run();
        return new RecoveryLine(search.Kept.ToImmutableSortedDictionary(), search.GoingBack.ToImmutableSortedDictionary());
    }

    public override string ToString()
        => GoingBack.IsEmpty ? "nobody goes back" : string.Join("; ", GoingBack.Values);
}

/// <summary>What happened, and what is gone.</summary>
internal sealed record Failure
{
    /// <summary>One history per process. A message that was sent by a process without a history counts as undone.</summary>
    public required ImmutableArray<LocalHistory> Histories { get; init; }

    /// <summary>Who has lost its current state and has only its checkpoints left.</summary>
    public ImmutableHashSet<ProcessName> Failed { get; init; } = [];

    /// <summary>
    /// Requests whose answer the caller still awaits. Such a call is lost if its receipt is undone, or if its callee failed before it
    /// received it; a request on its way to a callee that lives is not. Requests that the caller undoes do not matter.
    /// </summary>
    public ImmutableHashSet<MessageName> AwaitedCalls { get; init; } = [];

    /// <summary>Requests whose call has ended by a loss that is part of the past, and whose caller has not gone back for it yet.</summary>
    public ImmutableHashSet<MessageName> LostCalls { get; init; } = [];
}

/// <summary>One process that goes back.</summary>
/// <param name="Process">Who.</param>
/// <param name="Checkpoint">To which of its checkpoints; 0 is the initial state.</param>
/// <param name="EventsKept">How many of its sends and receipts that one contains.</param>
/// <param name="EventsUndone">How many it loses.</param>
/// <param name="Reason">Why not to a later one.</param>
internal sealed record GoesBack(ProcessName Process, int Checkpoint, int EventsKept, int EventsUndone, RecoveryReason Reason)
{
    public override string ToString() => $"{Process} goes back to checkpoint {Checkpoint} because {Reason}";
}
