using Checkpointing.Protocol.Tests.KooToueg.Mutants;
using Checkpointing.Protocol.Tests.KooToueg.Rollback.Checkers;
using Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>Gets one rule of algorithm R wrong and sees the checkers notice: the traps are real, and so are the checkers.</summary>
public sealed class RollbackMutantTests
{
    private const int SeedLimit = 400;

    private static readonly RollbackShape Asked = new() { FailureShare = 0 };

    [Fact]
    public void Top_for_nothing_sent_leaves_an_orphan()
        => AssertCaught(RollbackMutantRules.EmptyLastLabelSentIsTop, ConsistentAfterwards.Checker);

    [Fact]
    public void Comparing_with_what_was_received_leaves_an_orphan()
        => AssertCaught(RollbackMutantRules.LastLabelReceivedInsteadOfSent, ConsistentAfterwards.Checker);

    [Fact]
    public void Following_on_equal_labels_undoes_too_much()
    {
        AssertCaught(RollbackMutantRules.RollsBackOnEqualLabels, MinimalRollback.Checker);
        AssertCaught(RollbackMutantRules.RollsBackOnEqualLabels, AgreesWithTheRecoveryLine.Checker);
    }

    [Fact]
    public void Following_whoever_asks_undoes_too_much()
        => AssertCaught(RollbackMutantRules.RollsBackWhoeverIsAsked, MinimalRollback.Checker);

    [Fact]
    public void Without_the_guard_a_process_accepts_twice_and_the_rollback_does_not_end()
    {
        AssertCaught(RollbackMutantRules.NoReadyGuard, OnePrepareAcceptedEach.Checker);
        AssertCaught(RollbackMutantRules.NoReadyGuard, EveryRollbackEnds.Checker);
    }

    [Fact]
    public void Who_does_not_become_ready_again_stays_an_orphan_of_the_next_rollback()
        => AssertCaught(RollbackMutantRules.ReadyOnlyOnce, ConsistentAfterwards.Checker);

    [Fact]
    public void Asking_the_senders_instead_of_the_receivers_leaves_an_orphan()
        => AssertCaught(RollbackMutantRules.AsksTheSenders, ConsistentAfterwards.Checker);

    /// <summary>The cohort may be reduced to the receivers since the checkpoint, but only for a process that remembers them.</summary>
    [Fact]
    public void Remembered_receivers_suffice_unless_the_process_has_failed()
    {
        AssertCaught(RollbackMutantRules.AsksTheRememberedReceivers, ConsistentAfterwards.Checker);
        Assert.Null(FirstCaught(RollbackMutantRules.AsksTheRememberedReceivers, checker: null, Asked));
    }

    [Fact]
    public void Heeding_every_copy_of_roll_back_restarts_without_end()
    {
        AssertCaught(RollbackMutantRules.UnguardedRollBack, EveryRollbackEnds.Checker);
        AssertCaught(RollbackMutantRules.UnguardedRollBack, OnePrepareAcceptedEach.Checker);
    }

    [Fact]
    public void One_phase_loses_work_although_nobody_is_to_roll_back()
        => AssertCaught(RollbackMutantRules.OnePhase, AllPreparedOrNobody.Checker, Asked);

    [Fact]
    public void Voting_for_itself_alone_rolls_back_although_somebody_refuses()
        => AssertCaught(RollbackMutantRules.VotesForItselfAlone, ConsistentAfterwards.Checker, Asked);

    [Fact]
    public void A_decision_that_is_not_forwarded_leaves_members_frozen()
        => AssertCaught(RollbackMutantRules.DoesNotForward, EveryRollbackEnds.Checker);

    [Fact]
    public void Remembering_undone_receipts_undoes_too_much_next_time()
        => AssertCaught(RollbackMutantRules.ReceiptsSurviveTheRollback, MinimalRollback.Checker);

    /// <summary>
    /// A first_smsg that survives is too small, never too large. Whoever has received a label between it and the true one has received an
    /// undone message, and so has rolled back and forgotten it: nobody asks with such a label.
    /// </summary>
    [Fact]
    public void Remembering_undone_sends_does_no_harm()
        => Assert.Null(FirstCaught(RollbackMutantRules.SendsSurviveTheRollback, checker: null, new RollbackShape()));

    /// <summary>Rule B6 for the rollback: the watermark, one number for all receivers, gives the answers of last_smsg.</summary>
    [Fact]
    public void The_watermark_gives_the_same_answers()
        => Assert.Null(FirstCaught(RollbackMutantRules.WatermarkInsteadOfLastLabelSent, checker: null, new RollbackShape()));

    /// <summary>Algorithm R needs the books that algorithm C keeps right.</summary>
    [Fact]
    public void An_undo_or_commit_that_forgets_receipts_leaves_an_orphan()
        => AssertCaught(MutantRules.UndoDoesNotRestoreLastLabelReceived, ConsistentAfterwards.Checker);

    private static void AssertCaught(Rules mutant, RollbackChecker checker, RollbackShape? shape = null)
    {
        var caught = FirstCaught(mutant, checker, shape ?? new RollbackShape());
        Assert.True(caught is not null, $"{checker} did not notice {mutant} in {SeedLimit} seeds");
        Report.Write($"{mutant}: {caught}");
    }

    // The seeds are part of the assertion, so CHECKPOINTING_SEED does not apply.
    private static string? FirstCaught(Rules mutant, RollbackChecker? checker, RollbackShape shape)
    {
        for (var seed = 1; seed <= SeedLimit; seed++)
        {
            foreach (var outcome in new RandomRollbackRun(seed, shape, mutant).Rollbacks())
            {
                foreach (var judge in checker is null ? RollbackChecker.All : [checker])
                {
                    if (judge.Violation(outcome) is { } violation)
                    {
                        return $"seed {seed}, rollback {outcome.Rollback.Value}: {judge}: {violation}";
                    }
                }
            }
        }

        return null;
    }
}
