using System.Collections.Immutable;
using Checkpointing.Protocol.Tests.KooToueg.Checkers;
using Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;
using Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>
/// Rule C6: algorithm R beats algorithm C. A member of a round that has not voted leaves it and joins the rollback; one that has voted
/// first gets its decision; who is frozen says no to every round. Both then end, each for all its members or for none.
/// </summary>
public sealed class InterferenceTests
{
    private const int SeedLimit = 2_000;

    private static readonly ImmutableArray<Checker> RoundCheckers =
    [
        PermanentCheckpointsAreConsistent.Checker, OneTentativeCheckpointEach.Checker, EveryRoundEnds.Checker, AllOrNothing.Checker,
    ];

    [Fact]
    public void A_rollback_during_a_round_keeps_the_properties_of_both()
        => AssertNoViolation(mayFail: false, nameof(A_rollback_during_a_round_keeps_the_properties_of_both));

    /// <summary>
    /// Theorem S11.1, the half that can be tested: with two phases no fault between them leaves one member permanent and another not, once
    /// recovery is over.
    /// </summary>
    [Fact]
    public void A_failure_during_a_round_and_the_rollback_after_it_keep_the_properties_of_both()
        => AssertNoViolation(mayFail: true, nameof(A_failure_during_a_round_and_the_rollback_after_it_keep_the_properties_of_both));

    [Fact]
    public void Leaving_a_round_after_the_vote_splits_it()
        => AssertCaught(RollbackMutantRules.DoesNotAwaitTheDecision, AllOrNothing.Checker.Name);

    [Fact]
    public void Staying_in_a_round_that_is_not_voted_on_is_noticed()
        => AssertCaught(RollbackMutantRules.StaysInTheRound, because: null);

    [Fact]
    public void Taking_a_checkpoint_while_frozen_is_noticed()
        => AssertCaught(RollbackMutantRules.CheckpointsWhileFrozen, because: null);

    /// <summary>S11.1 itself: an algorithm that takes only permanent checkpoints is not resilient.</summary>
    [Fact]
    public void Only_permanent_checkpoints_cannot_survive_a_failure()
        => AssertCaught(RollbackMutantRules.OnlyPermanentCheckpoints, PermanentCheckpointsAreConsistent.Checker.Name, mayFail: true);

    private void AssertNoViolation(bool mayFail, string test)
    {
        var (committed, undone, between, committedAndRolledBack) = (0, 0, 0, 0);
        foreach (var seed in Seeds.UpTo(8_000))
        {
            var run = new InterferenceRun(seed, mayFail, Rules.Literal);
            var (round, rollback, betweenThePhases) = run.Run();
            var violation = Violation(round, rollback);
            Assert.True(violation is null, $"Seed {seed}: {violation}. History: {run}. {Seeds.Replay(seed, nameof(InterferenceTests), test)}");
            committed += round.Committed == true ? 1 : 0;
            undone += round.Committed == false ? 1 : 0;
            between += betweenThePhases ? 1 : 0;
            committedAndRolledBack += round.Committed == true && round.Members.Intersect(rollback.RolledBack).Any() ? 1 : 0;
        }

        Report.Write(
            $"{committed} rounds committed, {undone} undone; {between} times the rollback or failure came between the phases; {committedAndRolledBack} times a member of a committed round rolled back");
        Assert.True(Seeds.IsReplay || Math.Min(Math.Min(committed, undone), Math.Min(between, committedAndRolledBack)) >= 300, "the random runs no longer cover them");
    }

    private static void AssertCaught(Rules mutant, string? because, bool mayFail = false)
    {
        for (var seed = 1; seed <= SeedLimit; seed++)
        {
            var (round, rollback, _) = new InterferenceRun(seed, mayFail, mutant).Run();
            if (Violation(round, rollback) is { } violation && violation.StartsWith(because ?? "", StringComparison.Ordinal))
            {
                Report.Write($"{mutant}: seed {seed}: {violation}");
                return;
            }
        }

        Assert.Fail($"nothing noticed {mutant} in {SeedLimit} seeds");
    }

    private static string? Violation(RoundOutcome round, RollbackOutcome rollback)
        => RoundCheckers.Select(checker => (checker.Name, Violation: checker.Violation(round)))
            .Concat(RollbackChecker.All.Select(checker => (checker.Name, Violation: checker.Violation(rollback))))
            .Where(found => found.Violation is not null)
            .Select(found => $"{found.Name}: {found.Violation}")
            .FirstOrDefault();
}
