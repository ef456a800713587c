using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>A saved state: how many of its own sends and receipts it contains, and the last label sent before it, at all and to each process.</summary>
internal sealed record Checkpoint(int HistoryLength, Label LastLabelSent, ImmutableSortedDictionary<ProcessName, Label> LastLabelsSent)
{
    public static readonly Checkpoint Initial = new(0, Label.Bottom, ImmutableSortedDictionary<ProcessName, Label>.Empty);
}

/// <summary>A checkpoint that becomes permanent or is undone when <paramref name="Round"/> is decided.</summary>
internal sealed record TentativeCheckpoint(RoundNumber Round, ProcessName Parent, Checkpoint State);
