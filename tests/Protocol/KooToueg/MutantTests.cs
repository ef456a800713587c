using Checkpointing.Protocol.Tests.KooToueg.Checkers;
using Checkpointing.Protocol.Tests.KooToueg.Mutants;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>Gets one rule of algorithm C wrong and sees the checkers notice: the traps are real, and so are the checkers.</summary>
public sealed class MutantTests
{
    private const int DefaultSeedLimit = 400;

    private static readonly RunShape WithUnwilling = new() { UnwillingShare = 0.2 };
    private static readonly RunShape WithFailures = new() { UnwillingShare = 0, FailureShare = 1 };

    [Fact]
    public void Clearing_the_received_labels_at_commit_loses_a_sender()
        => AssertCaught(MutantRules.LastLabelReceivedClearedAtCommit, PermanentCheckpointsAreConsistent.Checker);

    [Fact]
    public void Undo_without_restoring_loses_a_sender()
        => AssertCaught(MutantRules.UndoDoesNotRestore, PermanentCheckpointsAreConsistent.Checker);

    [Fact]
    public void Undo_without_restoring_to_whom_was_sent_loses_a_sender()
        => AssertCaught(MutantRules.UndoDoesNotRestoreFirstLabelSent, PermanentCheckpointsAreConsistent.Checker);

    [Fact]
    public void Undo_without_restoring_from_whom_was_received_loses_a_sender()
        => AssertCaught(MutantRules.UndoDoesNotRestoreLastLabelReceived, PermanentCheckpointsAreConsistent.Checker);

    [Fact]
    public void Undo_that_forgets_receipts_since_the_tentative_checkpoint_loses_a_sender()
        => AssertCaught(MutantRules.UndoForgetsLaterReceipts, PermanentCheckpointsAreConsistent.Checker);

    [Fact]
    public void Resetting_the_sent_labels_only_at_commit_lets_a_process_take_two_tentative_checkpoints()
        => AssertCaught(MutantRules.FirstLabelSentResetAtCommitAndNoGuard, OneTentativeCheckpointEach.Checker);

    [Fact]
    public void Reading_at_least_as_more_than_loses_a_sender()
        => AssertCaught(MutantRules.StrictComparison, PermanentCheckpointsAreConsistent.Checker);

    [Fact]
    public void Ignoring_that_nothing_was_sent_draws_in_too_many()
        => AssertCaught(MutantRules.NoBottomGuard, MinimalMembers.Checker);

    [Fact]
    public void Asking_everybody_with_the_top_label_draws_in_too_many()
        => AssertCaught(MutantRules.EmptyLastLabelReceivedIsTop, MinimalMembers.Checker);

    [Fact]
    public void Sending_while_tentative_is_noticed_and_makes_an_orphan()
    {
        AssertCaught(MutantRules.SendsWhileTentative, NoSendWhileTentative.Checker);
        AssertCaught(MutantRules.SendsWhileTentative, PermanentCheckpointsAreConsistent.Checker);
    }

    [Fact]
    public void An_unwilling_bystander_must_not_kill_the_round()
        => AssertCaught(MutantRules.UnwillingKillsTheRound, NoNeedlessUndo.Checker);

    [Fact]
    public void Unwillingness_must_not_outlive_its_round()
        => AssertCaught(MutantRules.UnwillingForEver, NoNeedlessUndo.Checker);

    [Fact]
    public void Forwarding_every_copy_of_a_decision_never_ends()
        => AssertCaught(MutantRules.UnguardedDecision, EveryRoundEnds.Checker);

    [Fact]
    public void Telling_the_decision_to_another_cohort_than_was_asked_leaves_members_undecided()
        => AssertCaught(MutantRules.CohortNotFrozen, EveryRoundEnds.Checker);

    [Fact]
    public void Holding_back_the_answer_to_a_second_request_deadlocks_on_a_cycle()
        => AssertCaught(MutantRules.SecondTakeWaitsForTheVote, EveryRoundEnds.Checker);

    /// <summary>After a failure TAKE and UNDO can chase each other around a cycle, on FIFO channels as well.</summary>
    [Fact]
    public void Joining_a_finished_round_after_a_failure_never_ends_or_leaves_a_member_undecided()
    {
        AssertCaught(MutantRules.JoinsAFinishedRound, EveryRoundEnds.Checker, WithFailures with { AlwaysFifo = true }, seedLimit: 1_000);
        AssertCaught(MutantRules.JoinsAFinishedRound, EveryRoundEnds.Checker, WithFailures, seedLimit: 1_000);
        AssertCaught(MutantRules.JoinsAFinishedRound, OneTentativeCheckpointEach.Checker, WithFailures, seedLimit: 1_000);
    }

    [Fact]
    public void Without_failures_nobody_is_asked_to_join_a_finished_round()
        => Assert.Null(FirstCaught(MutantRules.JoinsAFinishedRound, checker: null, WithUnwilling, DefaultSeedLimit));

    /// <summary>The reset at the tentative checkpoint and the explicit guard do the same work, so leaving out one of them changes nothing.</summary>
    [Fact]
    public void Either_guard_against_a_second_tentative_checkpoint_suffices()
    {
        Assert.Null(FirstCaught(MutantRules.FirstLabelSentResetAtCommit, checker: null, WithUnwilling, DefaultSeedLimit));
        Assert.Null(FirstCaught(MutantRules.NoGuardAgainstASecondTentative, checker: null, WithUnwilling, DefaultSeedLimit));
    }

    private static void AssertCaught(Rules mutant, Checker checker, RunShape? shape = null, int seedLimit = DefaultSeedLimit)
    {
        var caught = FirstCaught(mutant, checker, shape ?? WithUnwilling, seedLimit);
        Assert.True(caught is not null, $"{checker} did not notice {mutant} in {seedLimit} seeds");
        Report.Write($"{mutant}: {caught}");
    }

    // The seeds are part of the assertion, so CHECKPOINTING_SEED does not apply.
    private static string? FirstCaught(Rules mutant, Checker? checker, RunShape shape, int seedLimit)
    {
        for (var seed = 1; seed <= seedLimit; seed++)
        {
            foreach (var outcome in new RandomRun(seed, shape, mutant).Rounds())
            {
                foreach (var judge in checker is null ? Checker.All : [checker])
                {
                    if (judge.Violation(outcome) is { } violation)
                    {
                        return $"seed {seed}, round {outcome.Round.Value}: {judge}: {violation}";
                    }
                }
            }
        }

        return null;
    }
}
