using Orleans.Concurrency;

namespace Checkpointing.SiloHost.Bank;

/// <summary>Opens accounts and knows how many there are: they are numbered 0 to n - 1.</summary>
[Alias("bank.account-directory")]
internal interface IAccountDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Opens the next account; null when there are <see cref="AccountDirectory.MaximumAccounts"/>.</summary>
    [Alias("Open")]
    Task<AccountStatement?> Open(long cents);

    /// <summary>How many accounts are open.</summary>
    [ReadOnly]
    [Alias("Count")]
    Task<int> Count();
}

/// <summary>Limits of the directory.</summary>
internal static class AccountDirectory
{
    public const int MaximumAccounts = 10_000;

    public const string Key = "default";
}
