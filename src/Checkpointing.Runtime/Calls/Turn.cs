namespace Checkpointing.Runtime.Calls;

/// <summary>How a call may share its activation with others. Decided once, when the call arrives.</summary>
[Flags]
internal enum Turn : byte
{
    /// <summary>A root call that excludes others: the usual method of the usual grain, called from outside.</summary>
    None = 0,

    /// <summary>It runs beside anything: [AlwaysInterleave] method, [Reentrant] class, interleaving timer. It never blocks others.</summary>
    Always = 1,

    /// <summary>[ReadOnly]: it runs beside other read-only calls.</summary>
    ReadOnly = 2,

    /// <summary>The class's [MayInterleave] predicate says yes to it: it runs beside others, and others beside it.</summary>
    Yielding = 4,

    /// <summary>A participant awaits it, or it continues something that is counted already: it passes a closed gate.</summary>
    Nested = 8,

    /// <summary>It only waits for code that is counted by itself: for the next element of an enumeration, which may never come. It is no running handler.</summary>
    Waits = 16,
}
