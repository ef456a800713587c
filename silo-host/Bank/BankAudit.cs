namespace Checkpointing.SiloHost.Bank;

/// <summary>
/// Do the books agree with each other? Balances with their postings, the total with the opening balances, every transfer with both accounts and its
/// ledger. Pure: it sees only the statement.
/// </summary>
internal static class BankAudit
{
    public static IReadOnlyList<AuditFinding> Audit(BankStatement bank)
    {
        var findings = new List<AuditFinding>();
        CheckAccounts(bank, findings);
        CheckTransfers(bank, findings);
        return findings;
    }

    private static void CheckAccounts(BankStatement bank, List<AuditFinding> findings)
    {
        foreach (var account in bank.Accounts)
        {
            if (!account.IsOpen)
                findings.Add(new AuditFinding(AuditRule.AccountMissing, $"account {account.Account}", "is in the directory but not open"));

            var expected = account.OpeningCents + account.Postings.Values.Sum();
            if (account.Cents != expected)
            {
                findings.Add(new AuditFinding(
                    AuditRule.BalanceWrong,
                    $"account {account.Account}",
                    $"has {account.Cents} cents, its opening balance and postings make {expected}"));
            }

            if (account.Cents < 0)
                findings.Add(new AuditFinding(AuditRule.BalanceWrong, $"account {account.Account}", $"is overdrawn: {account.Cents} cents"));
        }

        if (bank.TotalCents != bank.OpeningCents)
            findings.Add(new AuditFinding(AuditRule.TotalChanged, "bank", $"holds {bank.TotalCents} cents, its accounts were opened with {bank.OpeningCents}"));
    }

    private static void CheckTransfers(BankStatement bank, List<AuditFinding> findings)
    {
        var postings = bank.Accounts
            .SelectMany(account => account.Postings.Select(posting => (Id: posting.Key, account.Account, Cents: posting.Value)))
            .ToLookup(posting => posting.Id, posting => (posting.Account, posting.Cents));
        var known = new HashSet<string>();
        foreach (var ledger in bank.Ledgers)
        {
            foreach (var entry in ledger.Entries)
            {
                known.Add(entry.Transfer.Id);
                var subject = $"transfer {entry.Transfer.Id}";
                if (LedgerShards.Of(entry.Transfer.Id) != ledger.Ledger)
                    findings.Add(new AuditFinding(AuditRule.TransferHalf, subject, $"is in ledger {ledger.Ledger}, which is not its own"));

                var problem = ProblemOf(entry, [.. postings[entry.Transfer.Id]]);
                if (problem is not null)
                    findings.Add(new AuditFinding(AuditRule.TransferHalf, subject, problem));
            }
        }

        foreach (var orphan in postings.Where(transfer => !known.Contains(transfer.Key)))
        {
            findings.Add(new AuditFinding(
                AuditRule.TransferHalf,
                $"transfer {orphan.Key}",
                $"is in {Accounts(orphan)} but not in ledger {LedgerShards.Of(orphan.Key)}"));
        }
    }

    private static string? ProblemOf(LedgerEntry entry, List<(int Account, long Cents)> postings)
    {
        var transfer = entry.Transfer;
        switch (entry.Status)
        {
            case TransferStatus.Begun:
                return $"was begun in its ledger and never finished; it is in {Accounts(postings)}";
            case TransferStatus.Done:
                var withdrawn = postings.Contains((transfer.From, -transfer.Cents));
                var deposited = postings.Contains((transfer.To, transfer.Cents));
                return (withdrawn, deposited, postings.Count) switch
                {
                    (true, true, 2) => null,
                    (false, true, 1) => $"was deposited to account {transfer.To} but never withdrawn from account {transfer.From}",
                    (true, false, 1) => $"was withdrawn from account {transfer.From} but never deposited to account {transfer.To}",
                    (false, false, 0) => $"is in its ledger but in neither account {transfer.From} nor account {transfer.To}",
                    _ => $"of {transfer.Cents} cents from account {transfer.From} to account {transfer.To} is posted as {Accounts(postings)}",
                };
            default:
                return postings.Count == 0 ? null : $"was refused ({entry.Status}) but is in {Accounts(postings)}";
        }
    }

    private static string Accounts(IEnumerable<(int Account, long Cents)> postings)
    {
        var text = string.Join(", ", postings.Select(posting => $"account {posting.Account} ({posting.Cents:+#;-#;0})"));
        return text.Length == 0 ? "no account" : text;
    }
}

/// <summary>What an audit checks.</summary>
internal enum AuditRule
{
    AccountMissing,
    BalanceWrong,
    TotalChanged,
    TransferHalf,
}

/// <summary>Something in the books that does not agree: who, and what is wrong with it.</summary>
internal sealed record AuditFinding(AuditRule Rule, string Subject, string Problem)
{
    public override string ToString() => $"{Subject} {Problem}";
}
