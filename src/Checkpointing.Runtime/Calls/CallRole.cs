namespace Checkpointing.Runtime.Calls;

/// <summary>What a grain type is to labels. The same answer on every silo, because it comes from the grain manifest.</summary>
internal enum CallRole
{
    /// <summary>System grains, system targets, clients, and everything on silos without the library: calls pass untouched.</summary>
    Outside = 0,

    /// <summary>An application grain without checkpointed state: it passes labels on, both ways (SPEC K5).</summary>
    Relay = 1,

    /// <summary>A grain with checkpointed state: a process of the paper.</summary>
    Participant = 2,
}
