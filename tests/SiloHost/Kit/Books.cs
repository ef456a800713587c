using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Tests.Kit;

/// <summary>A bank's books, right to begin with, to be spoiled by a test.</summary>
internal sealed class Books
{
    private readonly long _openingCents;
    private readonly List<Dictionary<string, long>> _postings;
    private readonly List<List<LedgerEntry>> _ledgers = [.. Enumerable.Range(0, LedgerShards.Count).Select(_ => new List<LedgerEntry>())];
    private readonly Dictionary<int, long> _balanceErrors = [];

    public Books(int accounts, long openingCents)
    {
        _openingCents = openingCents;
        _postings = [.. Enumerable.Range(0, accounts).Select(_ => new Dictionary<string, long>())];
    }

    public static Transfer Transfer(string id, int from = 0, int to = 1, long cents = 100) => new() { Id = id, From = from, To = to, Cents = cents };

    public Books With(Transfer transfer) => WithLedger(transfer).WithWithdrawal(transfer).WithDeposit(transfer);

    public Books WithLedger(Transfer transfer, TransferStatus status = TransferStatus.Done, int? ledger = null)
    {
        _ledgers[ledger ?? LedgerShards.Of(transfer.Id)].Add(new LedgerEntry { Transfer = transfer, Status = status });
        return this;
    }

    public Books WithWithdrawal(Transfer transfer) => WithPosting(transfer.From, transfer.Id, -transfer.Cents);

    public Books WithDeposit(Transfer transfer) => WithPosting(transfer.To, transfer.Id, transfer.Cents);

    public Books WithPosting(int account, string transferId, long cents)
    {
        _postings[account].Add(transferId, cents);
        return this;
    }

    public Books WithBalanceError(int account, long cents)
    {
        _balanceErrors[account] = cents;
        return this;
    }

    public BankStatement Statement() => new(
        [.. _postings.Select((postings, account) => new AccountStatement
        {
            Account = account,
            IsOpen = true,
            OpeningCents = _openingCents,
            Cents = _openingCents + postings.Values.Sum() + _balanceErrors.GetValueOrDefault(account),
            Postings = postings,
        })],
        [.. _ledgers.Select((entries, ledger) => new LedgerStatement { Ledger = ledger, Entries = entries })]);
}
