namespace Checkpointing.Protocol;

/// <summary>A bug in this library: a state that the proofs exclude. Never the result of a fault or of bad input.</summary>
public sealed class ProtocolInvariantViolatedException : InvalidOperationException
{
    public ProtocolInvariantViolatedException()
    {
    }

    public ProtocolInvariantViolatedException(string message)
        : base(message)
    {
    }

    public ProtocolInvariantViolatedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
