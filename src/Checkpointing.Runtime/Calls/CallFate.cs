namespace Checkpointing.Runtime.Calls;

/// <summary>What became of a labelled call.</summary>
internal enum CallFate : byte
{
    /// <summary>The handler ran to its end, with a result or an exception of its own.</summary>
    Answered,

    /// <summary>It was not run and has had no effect: it is sent again.</summary>
    NotRun,

    /// <summary>SPEC K1, K30: its callee, or what a relay called for it, was lost. Half of the chain is undone, so the caller rolls back with it.</summary>
    Lost,
}
