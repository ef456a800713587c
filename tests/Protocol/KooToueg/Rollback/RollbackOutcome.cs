using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>One finished, or stuck, rollback as plain data: all that a checker may know. No basic message was sent or received meanwhile.</summary>
internal sealed record RollbackOutcome
{
    public required RoundNumber Rollback { get; init; }

    public required ProcessName Initiator { get; init; }

    /// <summary>Who would not roll back. After a failure everybody is willing: what is lost is lost.</summary>
    public required ImmutableHashSet<ProcessName> Unwilling { get; init; }

    /// <summary>What happened from its start to its end.</summary>
    public required ImmutableArray<Observation> Observations { get; init; }

    /// <summary>Everything sent and received before it, and not undone by an earlier one.</summary>
    public required Trace Trace { get; init; }

    /// <summary>How many events each permanent checkpoint contains.</summary>
    public required ImmutableDictionary<ProcessName, int> Permanent { get; init; }

    /// <summary>How many events each process contains after it.</summary>
    public required ImmutableDictionary<ProcessName, int> After { get; init; }

    /// <summary>False if control messages were still in flight after more steps than any rollback needs.</summary>
    public required bool NetworkRanDry { get; init; }

    /// <summary>Who has joined and never learned the decision.</summary>
    public required ImmutableArray<ProcessName> Frozen { get; init; }

    public bool? RollsBack => Observations.OfType<RollbackDecided>().FirstOrDefault()?.RollsBack;

    public IEnumerable<Prepared> Prepared => Observations.OfType<Prepared>();

    /// <summary>Who went back to its permanent checkpoint.</summary>
    public ImmutableSortedSet<ProcessName> RolledBack => [.. Observations.OfType<RolledBack>().Select(rolledBack => rolledBack.Process)];

    /// <summary>Who has to go back, computed from the history alone.</summary>
    public RecoveryLine RecoveryLine => RecoveryLine.Of(new Failure
    {
        Histories = [.. Trace.Processes.Select(process => LocalHistory.Of(Trace, process, [Permanent[process]]))],
        Failed = [Initiator],
    });
}
