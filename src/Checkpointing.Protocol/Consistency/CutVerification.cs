using System.Collections.Immutable;

namespace Checkpointing.Protocol.Consistency;

/// <summary>The whole of <c>verify</c> but for reading the file: is this cut consistent, and if not, which message or pair shows it?</summary>
internal static class CutVerification
{
    public static CutVerificationResult Verify(string json)
    {
        try
        {
            return CutDocumentParser.Parse(json) switch
            {
                VectorClockDocument document => Judge(document.Cut),
                TraceDocument document => Judge(document.Trace, CutClassification.Of(document.Trace, document.Cut)),
                var other => throw new NotSupportedException($"No judge for {other.GetType().Name}."),
            };
        }
        catch (FormatException error) when (error is InvalidCutDocumentException or InvalidTraceException or InvalidCutException)
        {
            return new CutVerificationResult(CutVerdict.BadInput, [$"Bad input: {error.Message}."]);
        }
    }

    private static CutVerificationResult Judge(VectorClockCut cut)
    {
        var witnesses = cut.Witnesses();
        return witnesses.IsEmpty
            ? new CutVerificationResult(
                CutVerdict.Consistent,
                [$"Consistent: none of {cut.ProcessCount} processes knows more of another than that process itself."])
            : new CutVerificationResult(
                CutVerdict.Inconsistent,
                [$"Inconsistent: {Many(witnesses.Length, "pair")} of processes.", .. witnesses.Select(witness => $"{witness}.")]);
    }

    private static CutVerificationResult Judge(Trace trace, CutClassification cut)
    {
        var inTransit = cut.InTransit.Select(message => $"In transit: {message}.");
        return cut.IsConsistent
            ? new CutVerificationResult(
                CutVerdict.Consistent,
                [$"Consistent: no orphan message among {trace.Processes.Length} processes.", .. inTransit])
            : new CutVerificationResult(
                CutVerdict.Inconsistent,
                [
                    $"Inconsistent: {Many(cut.Orphans.Length, "orphan message")}.",
                    .. cut.Orphans.Select(orphan => $"Orphan: {orphan}. The cut of {orphan.To} contains its receipt, the cut of {orphan.From} not its send."),
                    .. inTransit,
                ]);
    }

    private static string Many(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}

/// <summary>The verdict and, first line first, what to print.</summary>
internal sealed record CutVerificationResult(CutVerdict Verdict, ImmutableArray<string> Lines);

internal enum CutVerdict
{
    /// <summary>No orphan message.</summary>
    Consistent,

    /// <summary>At least one orphan message, or a process that knows more of another than that process itself.</summary>
    Inconsistent,

    /// <summary>The input is no cut; nothing was judged.</summary>
    BadInput,
}
