using System.Globalization;

namespace Checkpointing.Protocol.Consistency;

/// <summary>A message of a trace. Its name is unique in the trace; its label grows with every send of the same sender.</summary>
internal sealed record TraceMessage(MessageName Name, ProcessName From, ProcessName To, TraceLabel Label)
{
    public override string ToString() => $"{Name} ({From}->{To}, label {Label})";
}

/// <summary>The name of a message, unique in its trace.</summary>
internal readonly record struct MessageName(string Text) : IComparable<MessageName>
{
    public int CompareTo(MessageName other) => string.CompareOrdinal(Text, other.Text);

    public override string ToString() => Text;
}

/// <summary>m.l of the paper: the number of a send among the sends of one sender, from 1 on.</summary>
internal readonly record struct TraceLabel(long Value) : IComparable<TraceLabel>
{
    /// <summary>Below every label: the sender has sent nothing yet.</summary>
    public static readonly TraceLabel BeforeFirst;

    public TraceLabel Next => new(Value + 1);

    public int CompareTo(TraceLabel other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
