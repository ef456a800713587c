using System.Runtime.CompilerServices;
using System.Text;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>One line per event, in the words of Koo and Toueg. Costs nothing while it is off.</summary>
internal sealed class SimulationTrace(VirtualTime time, bool isOn)
{
    private readonly StringBuilder _lines = new();

    public bool IsOn { get; } = isOn;

    public void Line([InterpolatedStringHandlerArgument("")] ref TraceLine line)
    {
        if (IsOn)
        {
            _lines.Append($"{time.Now,6}  ").AppendLine(line.Text);
        }
    }

    public override string ToString() => _lines.ToString();
}

/// <summary>Formats its text only if the trace is on.</summary>
[InterpolatedStringHandler]
internal readonly ref struct TraceLine
{
    private readonly StringBuilder? _text;

    public TraceLine(int literalLength, int formattedCount, SimulationTrace trace, out bool isOn)
    {
        _ = formattedCount;
        isOn = trace.IsOn;
        _text = isOn ? new StringBuilder(literalLength + 32) : null;
    }

    public string Text => _text!.ToString();

    public void AppendLiteral(string text) => _text!.Append(text);

    public void AppendFormatted<T>(T value) => _text!.Append(value);
}
