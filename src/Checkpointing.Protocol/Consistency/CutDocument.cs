namespace Checkpointing.Protocol.Consistency;

/// <summary>A cut to be verified, in one of the two forms that <see cref="CutDocumentParser"/> reads.</summary>
internal abstract record CutDocument;

/// <summary>A cut given by vector clocks.</summary>
internal sealed record VectorClockDocument(VectorClockCut Cut) : CutDocument;

/// <summary>A cut through a trace.</summary>
internal sealed record TraceDocument(Trace Trace, Cut Cut) : CutDocument;

/// <summary>The text is no cut document; the message says where and why.</summary>
internal sealed class InvalidCutDocumentException(string reason) : FormatException(reason);
