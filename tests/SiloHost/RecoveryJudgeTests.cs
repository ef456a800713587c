using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Faults;
using Checkpointing.SiloHost.Demo.Judging;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

/// <summary>The judge must be able to fail: each promise is broken once.</summary>
public sealed class RecoveryJudgeTests
{
    private const int Accounts = 3;
    private const long OpeningCents = 1_000;
    private static readonly Transfer Before = Books.Transfer("before");
    private static readonly Transfer After = Books.Transfer("after", from: 2);

    private readonly RecoveryJudge _judge = new(Accounts, OpeningCents, new AccountGroups(1, Accounts));

    [Fact]
    public void All_promises_kept()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).Statement(), Fault.ClusterKill, []);

        Assert.Empty(judgement.Violations);
        Assert.Equal((2, 1, 1), (judgement.Acknowledged, judgement.Rounds, judgement.Lost));
    }

    [Fact]
    public void A_transfer_after_the_checkpoint_may_survive()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).With(After).Statement(), Fault.ClusterKill, []);

        Assert.Empty(judgement.Violations);
        Assert.Equal(0, judgement.Lost);
    }

    [Fact]
    public void A_transfer_acknowledged_before_the_checkpoint_is_missing()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var violation = AssertOne(JudgeRule.AcknowledgedLost, NewBooks().With(After));
        Assert.Contains("before (100 cents from account 0 to account 1), acknowledged as number 1, is gone", violation.Text);
    }

    [Fact]
    public void A_transfer_is_missing_though_nothing_was_left_to_checkpoint()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        _judge.CheckpointCommitted(CommittedRound.NothingToDo(acknowledgedBefore: 2, Rounds.At(1)));

        AssertOne(JudgeRule.AcknowledgedLost, NewBooks().With(Before));
    }

    [Fact]
    public void A_transfer_of_a_ledger_that_was_left_out_may_be_missing()
    {
        Assert.NotEqual(LedgerShards.Of(Before.Id), LedgerShards.Of(After.Id));
        _judge.Sent(Before);
        _judge.Acknowledged(Before.Id, 1);
        _judge.Sent(After);
        _judge.Acknowledged(After.Id, 2);
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 2, at: 1, leftOut: [LedgerShards.Of(Before.Id)]));

        Assert.Empty(_judge.Judge(NewBooks().With(After).Statement(), Fault.ClusterKill, []).Violations);
    }

    [Fact]
    public void A_transfer_is_missing_though_no_silo_died()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var violation = AssertOne(JudgeRule.AcknowledgedLost, NewBooks().With(Before), fault: null);
        Assert.Contains("after", violation.Text);
        Assert.Contains("no silo died", violation.Text);
    }

    [Fact]
    public void A_transfer_is_missing_though_all_silos_had_stopped_in_order()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var violation = AssertOne(JudgeRule.AcknowledgedLost, NewBooks().With(Before), Fault.RollingRestart);
        Assert.Contains("in order", violation.Text);
    }

    [Fact]
    public void A_repetition_of_a_transfer_that_is_there_was_refused()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        _judge.RepetitionRefused(Before.Id);

        AssertOne(JudgeRule.RepetitionRefused, NewBooks().With(Before));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Fault.ClusterKill)]
    [InlineData(Fault.RollingRestart)]
    internal void A_grain_was_rolled_back_though_no_single_silo_was_lost(Fault? fault)
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var violation = Assert.Single(_judge.Judge(NewBooks().With(Before).With(After).Statement(), fault, [new("account/2", "1.1", Rounds.At(1))]).Violations);
        Assert.Equal(JudgeRule.RolledBackWithoutCause, violation.Rule);
    }

    [Fact]
    public void A_transfer_without_an_answer_may_be_there_or_not()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        var unknown = Books.Transfer("unknown");
        _judge.Sent(unknown);

        Assert.Empty(_judge.Judge(NewBooks().With(Before).With(unknown).Statement(), Fault.ClusterKill, []).Violations);
    }

    [Fact]
    public void Half_a_transfer_is_there()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).WithLedger(After).WithWithdrawal(After).Statement(), Fault.ClusterKill, []);

        Assert.Contains(judgement.Violations, violation => violation.Rule == JudgeRule.BooksDisagree && violation.Text.Contains("transfer after was withdrawn"));
        Assert.Contains(judgement.Violations, violation => violation.Rule == JudgeRule.TotalChanged);
    }

    [Fact]
    public void The_total_has_changed()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).WithBalanceError(2, 1).Statement(), Fault.ClusterKill, []);

        Assert.Contains(judgement.Violations, violation => violation.Rule == JudgeRule.TotalChanged && violation.Text.Contains("3001"));
    }

    [Fact]
    public void An_account_is_missing()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(new Books(Accounts - 1, OpeningCents).With(Before).Statement(), Fault.ClusterKill, []);

        Assert.Contains(judgement.Violations, violation => violation.Rule == JudgeRule.AccountsMissing);
    }

    [Fact]
    public void A_transfer_that_nobody_sent_is_there()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        AssertOne(JudgeRule.NeverSent, NewBooks().With(Before).With(Books.Transfer("stranger")));
    }

    [Fact]
    public void A_transfer_is_not_as_it_was_sent()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        AssertOne(JudgeRule.NeverSent, NewBooks().With(Before with { Cents = 99 }));
    }

    [Fact]
    public void A_survivor_of_an_earlier_crash_is_missing()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        _judge.Judge(NewBooks().With(Before).With(After).Statement(), Fault.ClusterKill, []);
        NextPeriod("later");

        // It was acknowledged after the checkpoint; but once it has survived, it is permanent.
        AssertOne(JudgeRule.SurvivorLost, NewBooks().With(Before).With(Books.Transfer("later")));
    }

    [Fact]
    public void A_transfer_that_an_earlier_crash_has_undone_is_back()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        _judge.Judge(NewBooks().With(Before).Statement(), Fault.ClusterKill, []);
        NextPeriod("later");

        AssertOne(JudgeRule.UndoneCameBack, NewBooks().With(Before).With(After).With(Books.Transfer("later")));
    }

    [Fact]
    public void Nothing_was_acknowledged()
    {
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 0, at: 1));

        AssertOne(JudgeRule.NoTransfers, NewBooks());
    }

    [Fact]
    public void Nothing_was_committed()
    {
        _judge.Sent(Before);
        _judge.Acknowledged(Before.Id, 1);

        AssertOne(JudgeRule.NoCheckpoint, NewBooks().With(Before));
    }

    [Fact]
    public void What_was_committed_has_no_transfer_of_the_period()
    {
        _judge.Sent(Before);
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 0, at: 1));
        _judge.Acknowledged(Before.Id, 1);
        Assert.False(_judge.IsAnythingPromised());
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 1, at: 1, leftOut: [LedgerShards.Of(Before.Id)]));
        Assert.False(_judge.IsAnythingPromised());

        AssertOne(JudgeRule.NoCheckpoint, NewBooks().With(Before));
    }

    [Fact]
    public void Each_period_must_have_transfers_of_its_own()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        var bank = NewBooks().With(Before).Statement();
        _judge.Judge(bank, Fault.ClusterKill, []);

        Assert.Equal(JudgeRule.NoTransfers, Assert.Single(_judge.Judge(bank, Fault.ClusterKill, []).Violations).Rule);
    }

    private static Books NewBooks() => new(Accounts, OpeningCents);

    private void OneBeforeAndOneAfterTheCheckpoint()
    {
        _judge.Sent(Before);
        _judge.Acknowledged(Before.Id, 1);
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 1, at: 1));
        _judge.Sent(After);
        _judge.Acknowledged(After.Id, 2);
    }

    private void NextPeriod(string id)
    {
        _judge.Sent(Books.Transfer(id));
        _judge.Acknowledged(id, 3);
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 3, at: 1));
    }

    private Violation AssertOne(JudgeRule rule, Books books, Fault? fault = Fault.ClusterKill)
    {
        var violation = Assert.Single(_judge.Judge(books.Statement(), fault, []).Violations);
        Assert.Equal(rule, violation.Rule);
        return violation;
    }
}
