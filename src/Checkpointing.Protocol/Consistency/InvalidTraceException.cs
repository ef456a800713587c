namespace Checkpointing.Protocol.Consistency;

/// <summary>An element of a trace is malformed, or contradicts the elements before it.</summary>
internal sealed class InvalidTraceException : FormatException
{
    /// <param name="position">Position of the element in the trace, from 1.</param>
    /// <param name="element">The element as it was written.</param>
    /// <param name="reason">What is wrong with it; continues a sentence.</param>
    public InvalidTraceException(int position, string element, string reason)
        : base($"trace element {position} '{element}': {reason}") => Position = position;

    public int Position { get; }
}
