namespace Checkpointing.Protocol.Consistency;

/// <summary>The name of a process in a trace or a cut.</summary>
internal readonly record struct ProcessName(string Text) : IComparable<ProcessName>
{
    public int CompareTo(ProcessName other) => string.CompareOrdinal(Text, other.Text);

    public override string ToString() => Text;
}
