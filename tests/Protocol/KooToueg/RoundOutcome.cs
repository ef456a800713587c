using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>One finished, or stuck, round as plain data: all that a checker may know.</summary>
internal sealed record RoundOutcome
{
    public required RoundNumber Round { get; init; }

    public required ProcessName Initiator { get; init; }

    public required ImmutableHashSet<ProcessName> Unwilling { get; init; }

    /// <summary>What happened from the start of the round to its end.</summary>
    public required ImmutableArray<Observation> Observations { get; init; }

    /// <summary>Everything sent and received so far.</summary>
    public required Trace Trace { get; init; }

    /// <summary>The permanent checkpoints before the round.</summary>
    public required ImmutableDictionary<ProcessName, int> Before { get; init; }

    /// <summary>The permanent checkpoints after it.</summary>
    public required ImmutableDictionary<ProcessName, int> After { get; init; }

    /// <summary>False if control messages were still in flight after more steps than any round needs.</summary>
    public required bool NetworkRanDry { get; init; }

    /// <summary>Who still holds a tentative checkpoint.</summary>
    public required ImmutableArray<ProcessName> Undecided { get; init; }

    public bool? Committed => Observations.OfType<Decided>().FirstOrDefault()?.Commit;

    public IEnumerable<TentativeTaken> Taken => Observations.OfType<TentativeTaken>();

    public IEnumerable<ProcessName> Members => Taken.Select(taken => taken.Process).Distinct();
}
