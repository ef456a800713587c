using System.Globalization;
using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Faults;
using Checkpointing.SiloHost.Demo.Judging;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Observation;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

/// <summary>
/// The loss of a single silo, judged: each promise is broken once. Two groups of two accounts each; the silo that dies at second 10 has account 0, and the
/// others know of it at second 20.
/// </summary>
public sealed class SiloLossJudgeTests
{
    private const int Accounts = 4;
    private const long OpeningCents = 1_000;

    private static readonly AccountGroups Groups = new(2, Accounts);
    private static readonly Transfer Permanent = Transfer("permanent", ledger: 0);
    private static readonly Transfer Settled = Transfer("settled", ledger: 2);
    private static readonly Transfer Lost = Transfer("lost", ledger: 0);
    private static readonly Transfer Elsewhere = Transfer("elsewhere", ledger: 1);

    private readonly RecoveryJudge _judge = new(Accounts, OpeningCents, Groups);
    private long _number;

    [Fact]
    public void What_was_acknowledged_after_the_last_round_may_be_gone_as_a_whole()
    {
        LoseTheSilo();

        var judgement = Judge(NewBooks().With(Permanent).With(Elsewhere));

        Assert.Empty(judgement.Violations);
        Assert.Equal((4, 1, 1), (judgement.Acknowledged, judgement.Rounds, judgement.Lost));
    }

    [Fact]
    public void What_was_acknowledged_after_the_last_round_may_be_there()
    {
        LoseTheSilo();

        Assert.Empty(Judge(NewBooks().With(Permanent).With(Lost).With(Elsewhere)).Violations);
    }

    [Fact]
    public void Half_a_transfer_is_there_after_the_rollback()
    {
        LoseTheSilo();

        var violations = Judge(NewBooks().With(Permanent).With(Elsewhere).WithDeposit(Lost)).Violations;

        Assert.Contains(violations, violation => violation.Rule == JudgeRule.BooksDisagree && violation.Text.Contains($"transfer {Lost.Id} is in account 2"));
        Assert.Contains(violations, violation => violation.Rule == JudgeRule.TotalChanged);
    }

    [Fact]
    public void A_transfer_is_gone_that_a_committed_round_had()
    {
        LoseTheSilo();

        AssertOne(JudgeRule.AcknowledgedLost, "was committed", NewBooks().With(Elsewhere));
    }

    [Fact]
    public void A_transfer_is_gone_that_had_nothing_to_do_with_the_silo()
    {
        LoseTheSilo();

        AssertOne(JudgeRule.AcknowledgedLost, "had to do with", NewBooks().With(Permanent).With(Lost));
    }

    [Fact]
    public void A_transfer_is_gone_that_was_sent_after_the_recovery()
    {
        LoseTheSilo();
        var later = Transfer("later", ledger: 0);
        Acknowledge(later);

        AssertOne(JudgeRule.AcknowledgedLost, "after the recovery", NewBooks().With(Permanent).With(Elsewhere));
    }

    [Fact]
    public void A_transfer_that_was_sent_before_the_recovery_may_be_gone_however_late_it_was_acknowledged()
    {
        LoseTheSilo(() => _judge.Sent(Transfer("hanging", ledger: 0)));
        _judge.Acknowledged(Transfer("hanging", ledger: 0).Id, ++_number);

        Assert.Empty(Judge(NewBooks().With(Permanent).With(Elsewhere)).Violations);
    }

    [Fact]
    public void A_round_that_took_the_ledger_before_anybody_knew_of_the_loss_must_stay()
    {
        LoseTheSilo(() => _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 4, at: 15, taken: [LedgerShards.Of(Lost.Id)])));

        AssertOne(JudgeRule.AcknowledgedLost, Lost.Id, NewBooks().With(Permanent).With(Elsewhere));
    }

    [Theory]
    [InlineData(15, false)] // The ledger may have been on the silo that died: nobody knew that it had changes.
    [InlineData(25, true)] // The ledger may have started again, and taken part without them.
    public void A_round_after_the_kill_says_little_of_what_depends_on_the_silo(int at, bool tookPart)
    {
        LoseTheSilo(() => _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 4, at, taken: tookPart ? [LedgerShards.Of(Lost.Id)] : [])));

        Assert.Empty(Judge(NewBooks().With(Permanent).With(Elsewhere)).Violations);
    }

    [Fact]
    public void Grains_that_depend_on_the_silo_may_roll_back()
    {
        LoseTheSilo();

        Assert.Empty(Judge(NewBooks().With(Permanent).With(Elsewhere), "account/0", "account/2", "ledger/0").Violations);
    }

    [Fact]
    public void A_group_rolled_back_that_was_not_touched()
    {
        LoseTheSilo();

        AssertOne(JudgeRule.RolledBackWithoutCause, "account/1 of group 1", NewBooks().With(Permanent).With(Elsewhere), "account/1");
    }

    [Fact]
    public void A_grain_of_a_touched_group_rolled_back_that_depended_on_permanent_work_only()
    {
        LoseTheSilo();

        AssertOne(JudgeRule.RolledBackWithoutCause, "ledger/2 of group 0", NewBooks().With(Permanent).With(Elsewhere), "ledger/2");
    }

    [Fact]
    public void A_grain_rolled_back_before_the_silo_was_lost()
    {
        LoseTheSilo();

        var books = NewBooks().With(Permanent).With(Elsewhere);
        var violation = Assert.Single(_judge.Judge(books.Statement(), Fault.SiloKill, [new RolledBackGrain("account/2", "1.1", Rounds.At(9))]).Violations);
        Assert.Equal(JudgeRule.RolledBackWithoutCause, violation.Rule);
        Assert.Contains("no silo had been lost yet", violation.Text);
    }

    [Fact]
    public void No_transfer_was_acknowledged_before_the_loss()
    {
        _judge.Sent(Settled);
        KillTheSilo();
        _judge.Acknowledged(Settled.Id, ++_number);

        AssertOne(JudgeRule.NoTransfers, "before the fault", NewBooks());
    }

    [Fact]
    public void A_refused_repetition_of_what_was_undone_is_a_new_order()
    {
        LoseTheSilo();
        _judge.RepetitionRefused(Lost.Id);

        Assert.Empty(Judge(NewBooks().With(Permanent).With(Elsewhere)).Violations);
    }

    [Fact]
    public void A_round_after_the_kill_does_not_count_as_one_before()
    {
        Acknowledge(Settled);
        Acknowledge(Lost);
        _judge.SiloLost(new SiloLoss(new HashSet<string> { "account/0" }, Rounds.At(10)));
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 1, at: 15));

        AssertOne(JudgeRule.NoCheckpoint, "before the fault", NewBooks().With(Lost));
    }

    [Fact]
    public void The_next_period_begins_without_the_loss()
    {
        LoseTheSilo();
        Judge(NewBooks().With(Permanent).With(Elsewhere));
        var next = Transfer("next", ledger: 0);
        Acknowledge(next);
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: _number, at: 30));

        var violation = Assert.Single(_judge.Judge(NewBooks().With(Permanent).With(Elsewhere).Statement(), Fault.ClusterKill, []).Violations);
        Assert.Equal(JudgeRule.AcknowledgedLost, violation.Rule);
    }

    [Fact]
    public void Grains_that_had_received_what_was_lost_must_roll_back()
    {
        TakeCheckpoint();
        Acknowledge(Lost);
        KillTheSilo();

        var judgement = JudgeAfterTheKill();

        Assert.Equal(2, judgement.HadToRollBack);
        Assert.Collection(
            Missing(judgement),
            text => Assert.Equal(
                $"ledger/0 of group 0 was not rolled back, but it had received from account/0 in transfer {Lost}, acknowledged as number 2 before the kill and in no checkpoint of account/0, "
                    + "which was on the silo that died",
                text),
            text => Assert.Matches("^account/2 of group 0 was not .* from ledger/0 in .* which had to roll back: it had received from account/0 in ", text));
    }

    [Fact]
    public void Grains_must_have_rolled_back_that_had_done_what_is_gone()
    {
        TakeCheckpoint();
        _judge.CheckpointAsked();
        Acknowledge(Lost);
        KillTheSilo();

        var missing = Missing(Judge(NewBooks(), "account/2"));

        Assert.Equal($"ledger/0 of group 0 was not rolled back, but transfer {Lost}, acknowledged as number 2 before the kill, is gone from it", Assert.Single(missing));
    }

    [Fact]
    public void Grains_that_had_to_roll_back_and_did_are_counted()
    {
        TakeCheckpoint();
        Acknowledge(Lost);
        KillTheSilo();

        var judgement = JudgeAfterTheKill("ledger/0", "account/2");

        Assert.Empty(judgement.Violations);
        Assert.Equal(2, judgement.HadToRollBack);
    }

    [Fact]
    public void Both_accounts_of_a_lost_ledger_must_roll_back()
    {
        TakeCheckpoint();
        Acknowledge(Lost);
        KillTheSilo(there: "ledger/0", survivors: ["account/0", "account/2"]);

        Assert.All(Missing(JudgeAfterTheKill()), text => Assert.Contains("from ledger/0 in transfer", text));
    }

    [Fact]
    public void What_a_round_without_the_lost_grain_had_must_roll_back()
    {
        TakeCheckpoint();
        var asked = _judge.CheckpointAsked();
        Acknowledge(Lost);
        _judge.CheckpointAnswered(asked, new HashSet<string> { "account/1" });
        KillTheSilo();
        _judge.CheckpointAsked(); // Nothing that was lost can be in this one.

        Assert.Equal(2, JudgeAfterTheKill().HadToRollBack);
    }

    [Theory]
    [InlineData("it had been answered when the kill came")]
    [InlineData("it was answered after the kill")]
    [InlineData("it was not answered")]
    [InlineData("it was asked for while the silo was being killed")]
    public void Nobody_must_roll_back_for_what_a_round_may_have_had(string round)
    {
        TakeCheckpoint();
        var asked = round.Contains("while") ? null : _judge.CheckpointAsked();
        Acknowledge(Lost);
        if (round.Contains("had been"))
            _judge.CheckpointAnswered(asked!, new HashSet<string> { "account/0" });

        _judge.SiloLost(Loss("account/0", "account/2", "ledger/0"));
        if (round.Contains("while"))
            _judge.CheckpointAsked();

        _judge.SiloGone();
        if (round.Contains("after"))
            _judge.CheckpointAnswered(asked!, new HashSet<string> { "account/0" });

        Assert.Equal(0, JudgeAfterTheKill().HadToRollBack);
    }

    [Fact]
    public void Nobody_must_roll_back_for_a_survivor_whose_checkpoint_may_be_younger()
    {
        TakeCheckpoint();
        var asked = _judge.CheckpointAsked();
        Acknowledge(Lost);
        KillTheSilo();
        _judge.CheckpointAnswered(asked, new HashSet<string> { "ledger/0" });

        Assert.StartsWith("ledger/0 ", Assert.Single(Missing(JudgeAfterTheKill())));
    }

    [Fact]
    public void Nobody_must_roll_back_for_a_transfer_that_was_not_acknowledged_before_the_kill()
    {
        TakeCheckpoint();
        _judge.Sent(Lost);
        KillTheSilo();
        _judge.Acknowledged(Lost.Id, ++_number);

        Assert.Equal(0, JudgeAfterTheKill().HadToRollBack);
    }

    [Fact]
    public void A_grain_must_not_roll_back_unless_it_was_certainly_elsewhere()
    {
        TakeCheckpoint();
        Acknowledge(Lost);
        KillTheSilo(there: "account/0", survivors: ["account/2"]);

        Assert.Equal(0, JudgeAfterTheKill().HadToRollBack);
    }

    [Fact]
    public void Nobody_must_roll_back_if_all_silos_were_killed_or_for_the_loss_of_an_earlier_period()
    {
        TakeCheckpoint();
        Acknowledge(Lost);
        KillTheSilo();
        Assert.Equal(0, _judge.Judge(NewBooks().Statement(), Fault.ClusterKill, []).HadToRollBack);

        Assert.Equal(0, _judge.Judge(NewBooks().Statement(), Fault.SiloKill, []).HadToRollBack);
    }

    private static SiloLoss Loss(string there, params string[] survivors) =>
        new(new HashSet<string> { there }, Rounds.At(10)) { CertainlyThere = new HashSet<string> { there }, Survivors = survivors.ToHashSet() };

    private static string[] Missing(Judgement judgement) =>
        [.. judgement.Violations.Where(violation => violation.Rule == JudgeRule.NotRolledBack).Select(violation => violation.Text)];

    private static Books NewBooks() => new Books(Accounts, OpeningCents).With(Settled);

    /// <summary>From one account of the ledger's group to the other.</summary>
    private static Transfer Transfer(string name, int ledger)
    {
        var id = Enumerable.Range(0, 1_000)
            .Select(number => string.Create(CultureInfo.InvariantCulture, $"{name}-{number}"))
            .First(id => LedgerShards.Of(id) == ledger);
        return Books.Transfer(id, from: ledger % 2, to: (ledger % 2) + 2);
    }

    private void Acknowledge(Transfer transfer)
    {
        _judge.Sent(transfer);
        _judge.Acknowledged(transfer.Id, ++_number);
    }

    /// <summary>After a transfer that it takes.</summary>
    private void TakeCheckpoint()
    {
        Acknowledge(Settled);
        var asked = _judge.CheckpointAsked();
        _judge.CheckpointAnswered(asked, new HashSet<string> { "ledger/2", "account/0", "account/2" });
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: _number, at: 5));
    }

    private void KillTheSilo(string there = "account/0", string[]? survivors = null)
    {
        _judge.SiloLost(Loss(there, survivors ?? ["account/2", "ledger/0", "ledger/2"]));
        _judge.SiloGone();
    }

    /// <summary>Nothing is gone.</summary>
    private Judgement JudgeAfterTheKill(params string[] rolledBack) => Judge(NewBooks().With(Lost), rolledBack);

    private void LoseTheSilo(Action? duringTheLoss = null)
    {
        Acknowledge(Settled);
        Acknowledge(Permanent);
        _judge.CheckpointCommitted(Rounds.Committed(acknowledgedBefore: 2, at: 5));
        Acknowledge(Lost);
        Acknowledge(Elsewhere);
        _judge.SiloLost(new SiloLoss(new HashSet<string> { "account/0" }, Rounds.At(10)));
        _judge.LossNoticed(Rounds.At(20));
        duringTheLoss?.Invoke();
        _judge.LossIsOver();
    }

    private Judgement Judge(Books books, params string[] rolledBack) =>
        _judge.Judge(books.Statement(), Fault.SiloKill, [.. rolledBack.Select(grain => new RolledBackGrain(grain, "1.1", Rounds.At(20)))]);

    private void AssertOne(JudgeRule rule, string reason, Books books, params string[] rolledBack)
    {
        var violation = Assert.Single(Judge(books, rolledBack).Violations);
        Assert.Equal(rule, violation.Rule);
        Assert.Contains(reason, violation.Text);
    }
}
