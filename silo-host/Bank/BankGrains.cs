using System.Globalization;

namespace Checkpointing.SiloHost.Bank;

/// <summary>The grains of the bank by number. Keys are decimal text, so that a grain id reads as people write it: account/26.</summary>
internal static class BankGrains
{
    /// <summary>The types of all grains of the bank.</summary>
    public static IReadOnlySet<string> Types { get; } = new HashSet<string> { "account", "ledger", "account-directory" };

    /// <summary>The id of an account as everybody sees it.</summary>
    public static string AccountId(int account) => string.Create(CultureInfo.InvariantCulture, $"account/{account}");

    /// <summary>The id of a ledger as everybody sees it.</summary>
    public static string LedgerId(int ledger) => string.Create(CultureInfo.InvariantCulture, $"ledger/{ledger}");

    /// <summary>The ids of all grains of a bank with this many accounts.</summary>
    public static IEnumerable<string> AllIds(int accounts) =>
        [.. Enumerable.Range(0, accounts).Select(AccountId), .. Enumerable.Range(0, LedgerShards.Count).Select(LedgerId), $"account-directory/{AccountDirectory.Key}"];

    public static IAccountGrain GetAccount(this IGrainFactory grains, int account) =>
        grains.GetGrain<IAccountGrain>(account.ToString(CultureInfo.InvariantCulture));

    public static ILedgerGrain GetLedger(this IGrainFactory grains, int ledger) =>
        grains.GetGrain<ILedgerGrain>(ledger.ToString(CultureInfo.InvariantCulture));

    public static ILedgerGrain GetLedgerOf(this IGrainFactory grains, string transferId) => grains.GetLedger(LedgerShards.Of(transferId));

    public static IAccountDirectoryGrain GetAccountDirectory(this IGrainFactory grains) =>
        grains.GetGrain<IAccountDirectoryGrain>(AccountDirectory.Key);
}
