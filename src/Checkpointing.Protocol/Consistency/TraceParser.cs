using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// Reads the trace notation: <c>p->q:m@1</c> (p sends m to q with label 1; without <c>@1</c> the label is the sender's next),
/// <c>q&lt;-m</c> (q receives m), <c>ck p</c> (local checkpoint), <c>C p</c> (committed round initiated by p).
/// </summary>
internal static class TraceParser
{
    private const string Forms = "expected p->q:m@1, q<-m, C p or ck p";
    private const string SendArrow = "->";
    private const string ReceiveArrow = "<-";
    private const string RoundMark = "C ";
    private const string CheckpointMark = "ck ";

    private static readonly SearchValues<char> NotInNames = SearchValues.Create(" \t\r\n:@<>;,");

    /// <exception cref="InvalidTraceException">An element is malformed or contradicts the ones before it.</exception>
    public static Trace Parse(ImmutableArray<ProcessName> processes, IReadOnlyList<string> elements)
    {
        var events = ImmutableArray.CreateBuilder<TraceEvent>(elements.Count);
        var lastLabels = new Dictionary<ProcessName, TraceLabel>();
        for (var i = 0; i < elements.Count; i++)
        {
            try
            {
                events.Add(ParseElement(elements[i].Trim(), lastLabels));
            }
            catch (FormatException reason)
            {
                throw new InvalidTraceException(i + 1, elements[i].Trim(), reason.Message);
            }
        }

        return Trace.Of(processes, events.MoveToImmutable());
    }

    /// <summary>True if the text can name a process or a message in this notation.</summary>
    public static bool IsName(ReadOnlySpan<char> text)
        => !text.IsEmpty
            && text.IndexOfAny(NotInNames) < 0
            && text.IndexOf(SendArrow, StringComparison.Ordinal) < 0
            && text.IndexOf(ReceiveArrow, StringComparison.Ordinal) < 0;

    private static TraceEvent ParseElement(string element, Dictionary<ProcessName, TraceLabel> lastLabels)
    {
        if (element.Contains(SendArrow, StringComparison.Ordinal))
        {
            return ParseSend(element, lastLabels);
        }

        var arrow = element.IndexOf(ReceiveArrow, StringComparison.Ordinal);
        if (arrow >= 0)
        {
            return new ReceiveEvent(Process(element[..arrow]), Message(element[(arrow + ReceiveArrow.Length)..]));
        }

        if (element.StartsWith(RoundMark, StringComparison.Ordinal))
        {
            return new CommittedRoundEvent(Process(element[RoundMark.Length..]));
        }

        if (element.StartsWith(CheckpointMark, StringComparison.Ordinal))
        {
            return new LocalCheckpointEvent(Process(element[CheckpointMark.Length..]));
        }

        throw new FormatException($"malformed; {Forms}");
    }

    private static SendEvent ParseSend(string element, Dictionary<ProcessName, TraceLabel> lastLabels)
    {
        var arrow = element.IndexOf(SendArrow, StringComparison.Ordinal);
        var from = Process(element[..arrow]);
        var rest = element[(arrow + SendArrow.Length)..];
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            throw new FormatException($"malformed, the message name is missing; {Forms}");
        }

        var to = Process(rest[..colon]);
        var message = rest[(colon + 1)..];
        var at = message.IndexOf('@', StringComparison.Ordinal);
        var label = at < 0 ? lastLabels.GetValueOrDefault(from).Next : Label(message[(at + 1)..]);
        lastLabels[from] = label;
        return new SendEvent(new TraceMessage(Message(at < 0 ? message : message[..at]), from, to, label));
    }

    private static ProcessName Process(string text)
        => IsName(text) ? new ProcessName(text) : throw new FormatException($"malformed, '{text}' is not a process name; {Forms}");

    private static MessageName Message(string text)
        => IsName(text) ? new MessageName(text) : throw new FormatException($"malformed, '{text}' is not a message name; {Forms}");

    // The largest long is left out, so that the next label always exists.
    private static TraceLabel Label(string text)
        => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value is > 0 and < long.MaxValue
            ? new TraceLabel(value)
            : throw new FormatException($"malformed, the label '{text}' is not a whole number above 0");
}
