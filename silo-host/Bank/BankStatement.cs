namespace Checkpointing.SiloHost.Bank;

/// <summary>All that the accounts and ledgers of the bank know. Of one instant only if no transfer ran while it was read.</summary>
internal sealed record BankStatement(IReadOnlyList<AccountStatement> Accounts, IReadOnlyList<LedgerStatement> Ledgers)
{
    public long TotalCents => Accounts.Sum(account => account.Cents);

    public long OpeningCents => Accounts.Sum(account => account.OpeningCents);

    /// <summary>Reads every grain of the bank.</summary>
    public static async Task<BankStatement> Read(IGrainFactory grains)
    {
        var accounts = new List<AccountStatement>();
        foreach (var numbers in Enumerable.Range(0, await grains.GetAccountDirectory().Count()).Chunk(64))
            accounts.AddRange(await Task.WhenAll(numbers.Select(number => grains.GetAccount(number).GetStatement())));

        return new BankStatement(
            accounts,
            await Task.WhenAll(Enumerable.Range(0, LedgerShards.Count).Select(ledger => grains.GetLedger(ledger).GetTransfers())));
    }
}
