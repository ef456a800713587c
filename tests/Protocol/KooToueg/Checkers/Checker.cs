using System.Collections.Immutable;

namespace Checkpointing.Protocol.Tests.KooToueg.Checkers;

/// <summary>Judges one round by what was sent, received and saved. It knows nothing of how a process decides.</summary>
/// <param name="Name">The property, with its number in the specification.</param>
/// <param name="Violation">What is wrong with the round; null if nothing is.</param>
internal sealed record Checker(string Name, Func<RoundOutcome, string?> Violation)
{
    public static readonly ImmutableArray<Checker> All =
    [
        PermanentCheckpointsAreConsistent.Checker,
        OneTentativeCheckpointEach.Checker,
        AcceptedTakesFormATree.Checker,
        EveryRoundEnds.Checker,
        AllOrNothing.Checker,
        NoSendWhileTentative.Checker,
        MinimalMembers.Checker,
        NoNeedlessUndo.Checker,
    ];

    public override string ToString() => Name;
}
