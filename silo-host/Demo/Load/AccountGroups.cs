using System.Globalization;
using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>
/// Accounts and ledgers by group: number modulo the count of groups. A transfer stays within one group, its ledger included, so grains of different groups
/// never have to do with each other.
/// </summary>
internal sealed class AccountGroups(int groups, int accounts)
{
    /// <summary>The most groups: each needs a ledger of its own.</summary>
    public const int Most = LedgerShards.Count;

    /// <summary>The group of an account or ledger, by its id; null for the directory, which is in none.</summary>
    public int? Of(string grain) => grain.Split('/') is [not "account-directory", var number] ? int.Parse(number, CultureInfo.InvariantCulture) % groups : null;

    /// <summary>Draws two accounts of one group.</summary>
    public (int From, int To) DrawAccounts(Random random)
    {
        var from = random.Next(accounts);
        var members = ((accounts - 1 - (from % groups)) / groups) + 1;
        var to = ((from / groups) + 1 + random.Next(members - 1)) % members;
        return (from, (to * groups) + (from % groups));
    }

    /// <summary>Whether a transfer with this id runs through a ledger of the account's group.</summary>
    public bool Fits(string transferId, int account) => LedgerShards.Of(transferId) % groups == account % groups;
}
