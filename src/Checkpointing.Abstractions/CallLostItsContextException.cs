namespace Checkpointing;

/// <summary>
/// Code of a checkpointed grain called another grain after it had left its grain's context, most often behind <c>ConfigureAwait(false)</c>
/// or in <c>Task.Run</c>. Such a call would carry no label, and a checkpoint could remember the one half of it without the other.
/// </summary>
[GenerateSerializer]
[Alias("checkpointing.call-lost-its-context.v1")]
public sealed class CallLostItsContextException : CheckpointingException
{
    public CallLostItsContextException()
        : this("A call was made outside the context of its grain.")
    {
    }

    public CallLostItsContextException(string message)
        : base(message)
    {
    }

    public CallLostItsContextException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>For the runtime: the call of <paramref name="caller"/> to <paramref name="target"/> was not sent.</summary>
    public CallLostItsContextException(GrainId caller, GrainId target, string method)
        : base($"Grain {caller} called {method} of {target} outside its own context, so the call cannot be labelled. It was not sent, and the last "
            + "checkpoint still holds. Call grains only from the grain's own context: remove ConfigureAwait(false) and Task.Run before the call. "
            + "Work that is not part of the grain belongs under ExecutionContext.SuppressFlow().")
    {
        GrainId = caller;
        Caller = caller;
        Target = target;
    }

    /// <summary>The checkpointed grain whose code made the call.</summary>
    [Id(0)]
    public GrainId Caller { get; private set; }

    /// <summary>The grain that was to be called.</summary>
    [Id(1)]
    public GrainId Target { get; private set; }
}
