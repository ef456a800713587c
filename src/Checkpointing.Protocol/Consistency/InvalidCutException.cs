namespace Checkpointing.Protocol.Consistency;

/// <summary>A cut does not fit its trace.</summary>
internal sealed class InvalidCutException(string reason) : FormatException(reason);
