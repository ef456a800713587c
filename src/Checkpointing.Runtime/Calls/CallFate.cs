namespace Checkpointing.Runtime.Calls;

/// <summary>What became of a labelled call.</summary>
internal enum CallFate : byte
{
    /// <summary>The handler ran to its end, with a result or an exception of its own.</summary>
    Answered,

    /// <summary>It was not run and has had no effect: it is sent again.</summary>
    NotRun,

    /// <summary>Its callee has rolled back (RB-19), or what a relay called for it was lost (SPEC K1, K30). Half of it is undone: it runs again, or the caller rolls back too.</summary>
    Lost,

    /// <summary>RB-20: it was sent under too old a line, and was not run: it is sent again under the present one.</summary>
    TooOld,

    /// <summary>The callee has received it before, or cannot tell (RB-20), or it comes from undone work: it can never be run.</summary>
    LostForGood,
}
