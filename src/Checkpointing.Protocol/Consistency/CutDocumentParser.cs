using System.Collections.Immutable;
using System.Text.Json;

namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// Reads the input of <c>verify</c>. Either <c>{"vectorClocks":{"p":[1,0],"q":[1,2]}}</c>, where the order of the keys is the order
/// of the entries, or <c>{"procs":["p","q"],"trace":["p->q:m@1","q&lt;-m"],"cut":{"p":1,"q":1}}</c>, where the cut counts the own
/// sends and receipts of each process.
/// </summary>
internal static class CutDocumentParser
{
    private const string VectorClocks = "vectorClocks";
    private const string Processes = "procs";
    private const string Trace = "trace";
    private const string Cut = "cut";
    private const string Forms = "expected \"vectorClocks\", or \"procs\", \"trace\" and \"cut\"";

    /// <exception cref="InvalidCutDocumentException">The text is not JSON, or neither of the two forms.</exception>
    /// <exception cref="InvalidTraceException">An element of the trace is malformed or contradicts the ones before it.</exception>
    /// <exception cref="InvalidCutException">The cut does not fit the trace, or the clocks do not fit each other.</exception>
    public static CutDocument Parse(string json)
    {
        using var document = CutDocumentJson.Parse(json);
        var fields = CutDocumentJson.Fields(document.RootElement, "the document");
        foreach (var name in fields.Keys)
        {
            if (name is not (VectorClocks or Processes or Trace or Cut))
            {
                throw new InvalidCutDocumentException($"unknown field \"{name}\"; {Forms}");
            }
        }

        return fields switch
        {
            { Count: 0 } => throw new InvalidCutDocumentException($"the document is empty; {Forms}"),
            { Count: > 1 } when fields.ContainsKey(VectorClocks) => throw new InvalidCutDocumentException($"both forms at once; {Forms}"),
            { Count: 1 } when fields.ContainsKey(VectorClocks) => ParseVectorClocks(fields[VectorClocks]),
            _ => ParseTrace(fields),
        };
    }

    private static VectorClockDocument ParseVectorClocks(JsonElement element)
    {
        var clocks = ImmutableArray.CreateBuilder<(ProcessName, ImmutableArray<long>)>();
        foreach (var (name, value) in CutDocumentJson.Fields(element, $"\"{VectorClocks}\""))
        {
            var what = $"\"{VectorClocks}\".\"{name}\"";
            clocks.Add((new ProcessName(name), [.. CutDocumentJson.Items(value, what).Select((entry, i) => CutDocumentJson.Count(entry, $"{what}[{i}]"))]));
        }

        return clocks.Count > 0
            ? new VectorClockDocument(VectorClockCut.Of(clocks.ToImmutable()))
            : throw new InvalidCutDocumentException($"\"{VectorClocks}\" names no process");
    }

    private static TraceDocument ParseTrace(OrderedDictionary<string, JsonElement> fields)
    {
        foreach (var required in (ReadOnlySpan<string>)[Processes, Trace, Cut])
        {
            if (!fields.ContainsKey(required))
            {
                throw new InvalidCutDocumentException($"field \"{required}\" is missing; {Forms}");
            }
        }

        var processes = ParseProcesses(fields[Processes]);
        var elements = CutDocumentJson.Items(fields[Trace], $"\"{Trace}\"").Select((item, i) => CutDocumentJson.Text(item, $"\"{Trace}\"[{i}]"));
        var trace = TraceParser.Parse(processes, [.. elements]);
        var lengths = CutDocumentJson.Fields(fields[Cut], $"\"{Cut}\"")
            .Select(entry => KeyValuePair.Create(new ProcessName(entry.Key), CutLength(entry.Value, $"\"{Cut}\".\"{entry.Key}\"")));
        return new TraceDocument(trace, Consistency.Cut.Of(trace, lengths));
    }

    private static ImmutableArray<ProcessName> ParseProcesses(JsonElement element)
    {
        var processes = ImmutableArray.CreateBuilder<ProcessName>();
        foreach (var (i, item) in CutDocumentJson.Items(element, $"\"{Processes}\"").Index())
        {
            var name = CutDocumentJson.Text(item, $"\"{Processes}\"[{i}]");
            if (!TraceParser.IsName(name))
            {
                throw new InvalidCutDocumentException($"\"{Processes}\"[{i}]: '{name}' is not a process name");
            }

            if (processes.Contains(new ProcessName(name)))
            {
                throw new InvalidCutDocumentException($"\"{Processes}\"[{i}]: process '{name}' is named twice");
            }

            processes.Add(new ProcessName(name));
        }

        return processes.Count > 0 ? processes.ToImmutable() : throw new InvalidCutDocumentException($"\"{Processes}\" names no process");
    }

    // A history longer than an int cannot be read, so a larger number is out of range in any case.
    private static int CutLength(JsonElement element, string what) => (int)Math.Min(CutDocumentJson.Count(element, what), int.MaxValue);
}
