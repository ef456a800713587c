using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

/// <summary>The judge must be able to fail: each promise is broken once.</summary>
public sealed class RecoveryJudgeTests
{
    private const int Accounts = 3;
    private const long OpeningCents = 1_000;
    private static readonly Transfer Before = Books.Transfer("before");
    private static readonly Transfer After = Books.Transfer("after", from: 2);
    private static readonly IReadOnlySet<int> None = new HashSet<int>();

    private readonly RecoveryJudge _judge = new(Accounts, OpeningCents);

    [Fact]
    public void All_promises_kept()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).Statement(), crashed: true);

        Assert.Empty(judgement.Violations);
        Assert.Equal((2, 1, 1), (judgement.Acknowledged, judgement.Rounds, judgement.Lost));
    }

    [Fact]
    public void A_transfer_after_the_checkpoint_may_survive()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).With(After).Statement(), crashed: true);

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
        _judge.NothingToCheckpoint(acknowledgedBefore: 2);

        AssertOne(JudgeRule.AcknowledgedLost, NewBooks().With(Before));
    }

    [Fact]
    public void A_transfer_of_a_ledger_that_was_left_out_may_be_missing()
    {
        _judge.Sent(Before);
        _judge.Acknowledged(Before.Id, 1);
        _judge.CheckpointCommitted(acknowledgedBefore: 1, new HashSet<int> { LedgerShards.Of(Before.Id) });

        Assert.Empty(_judge.Judge(NewBooks().Statement(), crashed: true).Violations);
    }

    [Fact]
    public void A_transfer_is_missing_though_no_silo_died()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var violation = AssertOne(JudgeRule.AcknowledgedLost, NewBooks().With(Before), crashed: false);
        Assert.Contains("after", violation.Text);
    }

    [Fact]
    public void A_transfer_without_an_answer_may_be_there_or_not()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        var unknown = Books.Transfer("unknown");
        _judge.Sent(unknown);

        Assert.Empty(_judge.Judge(NewBooks().With(Before).With(unknown).Statement(), crashed: true).Violations);
    }

    [Fact]
    public void Half_a_transfer_is_there()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).WithLedger(After).WithWithdrawal(After).Statement(), crashed: true);

        Assert.Contains(judgement.Violations, violation => violation.Rule == JudgeRule.BooksDisagree && violation.Text.Contains("transfer after was withdrawn"));
        Assert.Contains(judgement.Violations, violation => violation.Rule == JudgeRule.TotalChanged);
    }

    [Fact]
    public void The_total_has_changed()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(NewBooks().With(Before).WithBalanceError(2, 1).Statement(), crashed: true);

        Assert.Contains(judgement.Violations, violation => violation.Rule == JudgeRule.TotalChanged && violation.Text.Contains("3001"));
    }

    [Fact]
    public void An_account_is_missing()
    {
        OneBeforeAndOneAfterTheCheckpoint();

        var judgement = _judge.Judge(new Books(Accounts - 1, OpeningCents).With(Before).Statement(), crashed: true);

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
        _judge.Judge(NewBooks().With(Before).With(After).Statement(), crashed: true);
        NextPeriod("later");

        // It was acknowledged after the checkpoint; but once it has survived, it is permanent.
        AssertOne(JudgeRule.SurvivorLost, NewBooks().With(Before).With(Books.Transfer("later")));
    }

    [Fact]
    public void A_transfer_that_an_earlier_crash_has_undone_is_back()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        _judge.Judge(NewBooks().With(Before).Statement(), crashed: true);
        NextPeriod("later");

        AssertOne(JudgeRule.UndoneCameBack, NewBooks().With(Before).With(After).With(Books.Transfer("later")));
    }

    [Fact]
    public void Nothing_was_acknowledged()
    {
        _judge.CheckpointCommitted(acknowledgedBefore: 0, None);

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
    public void Each_period_must_have_transfers_and_checkpoints_of_its_own()
    {
        OneBeforeAndOneAfterTheCheckpoint();
        var bank = NewBooks().With(Before).Statement();
        _judge.Judge(bank, crashed: true);

        Assert.Equal([JudgeRule.NoTransfers, JudgeRule.NoCheckpoint], _judge.Judge(bank, crashed: true).Violations.Select(violation => violation.Rule));
    }

    private static Books NewBooks() => new(Accounts, OpeningCents);

    private void OneBeforeAndOneAfterTheCheckpoint()
    {
        _judge.Sent(Before);
        _judge.Acknowledged(Before.Id, 1);
        _judge.CheckpointCommitted(acknowledgedBefore: 1, None);
        _judge.Sent(After);
        _judge.Acknowledged(After.Id, 2);
    }

    private void NextPeriod(string id)
    {
        _judge.Sent(Books.Transfer(id));
        _judge.Acknowledged(id, 3);
        _judge.CheckpointCommitted(acknowledgedBefore: 3, None);
    }

    private Violation AssertOne(JudgeRule rule, Books books, bool crashed = true)
    {
        var violation = Assert.Single(_judge.Judge(books.Statement(), crashed).Violations);
        Assert.Equal(rule, violation.Rule);
        return violation;
    }
}
