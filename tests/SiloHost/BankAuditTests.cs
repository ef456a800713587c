using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

public sealed class BankAuditTests
{
    private static readonly Transfer T = Books.Transfer("t1");

    private readonly Books _books = new(3, 1_000);

    [Fact]
    public void Whole_transfers_are_fine() => Assert.Empty(BankAudit.Audit(_books.With(T).With(Books.Transfer("t2", from: 2)).Statement()));

    [Fact]
    public void A_refused_transfer_that_moved_nothing_is_fine() =>
        Assert.Empty(BankAudit.Audit(_books.WithLedger(T, TransferStatus.InsufficientFunds).Statement()));

    [Fact]
    public void A_refused_transfer_that_moved_money_is_found() =>
        AssertHalf("refused", _books.WithLedger(T, TransferStatus.InsufficientFunds).WithWithdrawal(T).WithDeposit(T));

    [Fact]
    public void A_withdrawal_without_its_deposit_is_found()
    {
        var findings = BankAudit.Audit(_books.WithLedger(T).WithWithdrawal(T).Statement());
        Assert.Contains(findings, finding => finding.Rule == AuditRule.TransferHalf && finding.ToString().Contains("t1 was withdrawn from account 0 but never deposited to account 1"));
        Assert.Contains(findings, finding => finding.Rule == AuditRule.TotalChanged);
    }

    [Fact]
    public void A_deposit_without_its_withdrawal_is_found() => AssertHalf("never withdrawn", _books.WithLedger(T).WithDeposit(T));

    [Fact]
    public void A_transfer_that_only_its_ledger_knows_is_found() => AssertHalf("in neither account", _books.WithLedger(T));

    [Fact]
    public void A_transfer_that_its_ledger_has_forgotten_is_found() => AssertHalf("not in ledger", _books.WithWithdrawal(T).WithDeposit(T));

    [Fact]
    public void A_transfer_that_was_never_finished_is_found() => AssertHalf("never finished", _books.WithLedger(T, TransferStatus.Begun).WithWithdrawal(T));

    [Fact]
    public void A_transfer_in_a_third_account_is_found() => AssertHalf("posted as", _books.With(T).WithPosting(2, "t1", 5));

    [Fact]
    public void A_transfer_of_another_amount_is_found() => AssertHalf("posted as", _books.WithLedger(T).WithPosting(0, "t1", -99).WithPosting(1, "t1", 99));

    [Fact]
    public void A_transfer_in_a_ledger_that_is_not_its_own_is_found() =>
        AssertHalf("not its own", _books.WithLedger(T, ledger: (LedgerShards.Of("t1") + 1) % LedgerShards.Count).WithWithdrawal(T).WithDeposit(T));

    [Fact]
    public void A_balance_that_does_not_fit_its_postings_is_found()
    {
        var findings = BankAudit.Audit(_books.With(T).WithBalanceError(1, -1).Statement());
        Assert.Contains(findings, finding => finding.Rule == AuditRule.BalanceWrong && finding.Subject == "account 1");
        Assert.Contains(findings, finding => finding.Rule == AuditRule.TotalChanged);
    }

    [Fact]
    public void An_overdrawn_account_is_found() =>
        Assert.Contains(BankAudit.Audit(_books.With(Books.Transfer("t1", cents: 1_001)).Statement()), finding => finding.Problem.Contains("overdrawn"));

    private static void AssertHalf(string problem, Books books) =>
        Assert.Contains(BankAudit.Audit(books.Statement()), finding => finding.Rule == AuditRule.TransferHalf && finding.Subject == "transfer t1" && finding.Problem.Contains(problem));
}
