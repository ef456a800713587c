using System.Globalization;

namespace Checkpointing.SiloHost.Bank;

/// <summary>The grains of the bank by number. Keys are decimal text, so that a grain id reads as people write it: account/26.</summary>
internal static class BankGrains
{
    public static IAccountGrain GetAccount(this IGrainFactory grains, int account) =>
        grains.GetGrain<IAccountGrain>(account.ToString(CultureInfo.InvariantCulture));

    public static ILedgerGrain GetLedger(this IGrainFactory grains, int ledger) =>
        grains.GetGrain<ILedgerGrain>(ledger.ToString(CultureInfo.InvariantCulture));

    public static ILedgerGrain GetLedgerOf(this IGrainFactory grains, string transferId) => grains.GetLedger(LedgerShards.Of(transferId));

    public static IAccountDirectoryGrain GetAccountDirectory(this IGrainFactory grains) =>
        grains.GetGrain<IAccountDirectoryGrain>(AccountDirectory.Key);
}
