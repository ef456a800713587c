using System.Globalization;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>A label of the paper: MIN (⊥) below and MAX (⊤) above every label that a message carries.</summary>
internal readonly record struct Label : IComparable<Label>
{
    private readonly long _value;

    private Label(long value) => _value = value;

    /// <summary>⊥, MIN: no message.</summary>
    public static Label Bottom => default;

    /// <summary>⊤, MAX: only the daemon uses it.</summary>
    public static Label Top => new(long.MaxValue);

    /// <summary>What a message carries.</summary>
    public long Value => this != Bottom && this != Top ? _value : throw new InvalidOperationException($"{this} is no label of a message.");

    public static Label Of(TraceLabel label) => new(label.Value);

    public static Label Of(long label) => label is > 0 and < long.MaxValue ? new(label) : throw new ArgumentOutOfRangeException(nameof(label));

    public static Label Max(Label left, Label right) => left >= right ? left : right;

    public static bool operator >(Label left, Label right) => left._value > right._value;

    public static bool operator <(Label left, Label right) => left._value < right._value;

    public static bool operator >=(Label left, Label right) => left._value >= right._value;

    public static bool operator <=(Label left, Label right) => left._value <= right._value;

    public int CompareTo(Label other) => _value.CompareTo(other._value);

    public override string ToString() => this == Bottom ? "⊥" : this == Top ? "⊤" : _value.ToString(CultureInfo.InvariantCulture);
}
