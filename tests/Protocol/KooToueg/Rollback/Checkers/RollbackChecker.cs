using System.Collections.Immutable;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;

/// <summary>Judges one rollback by what was sent, received, saved and undone. It knows nothing of how a process decides.</summary>
/// <param name="Name">The property, with its number in the specification.</param>
/// <param name="Violation">What is wrong with the rollback; null if nothing is.</param>
internal sealed record RollbackChecker(string Name, Func<RollbackOutcome, string?> Violation)
{
    public static readonly ImmutableArray<RollbackChecker> All =
    [
        OnePrepareAcceptedEach.Checker,
        EveryRollbackEnds.Checker,
        ConsistentAfterwards.Checker,
        MinimalRollback.Checker,
        AllPreparedOrNobody.Checker,
        AgreesWithTheRecoveryLine.Checker,
    ];

    public override string ToString() => Name;
}
