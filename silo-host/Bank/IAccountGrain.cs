using Orleans.Concurrency;

namespace Checkpointing.SiloHost.Bank;

/// <summary>One account. It remembers every transfer that touched it, so that an observer can judge exactly what a crash kept and what it took.</summary>
[Alias("bank.account")]
internal interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>Opens the account with this balance; an account that is already open keeps its own.</summary>
    [Alias("Open")]
    Task<AccountStatement> Open(long cents);

    /// <summary>Takes money out. Asked again with the same transfer id, it answers as before and takes nothing.</summary>
    [Alias("Withdraw")]
    Task<PostingOutcome> Withdraw(string transferId, long cents);

    /// <summary>Puts money in. Asked again with the same transfer id, it answers as before and adds nothing.</summary>
    [Alias("Deposit")]
    Task<PostingOutcome> Deposit(string transferId, long cents);

    /// <summary>Undoes the withdrawal of a transfer whose other account does not exist.</summary>
    [Alias("ReverseWithdrawal")]
    Task ReverseWithdrawal(string transferId);

    /// <summary>The balance; null if the account is not open.</summary>
    [ReadOnly]
    [Alias("GetBalance")]
    Task<long?> GetBalance();

    /// <summary>Everything the account knows.</summary>
    [ReadOnly]
    [Alias("GetStatement")]
    Task<AccountStatement> GetStatement();
}

/// <summary>What became of a withdrawal or deposit.</summary>
[GenerateSerializer]
[Alias("bank.posting-outcome.v1")]
internal enum PostingOutcome
{
    /// <summary>The money moved, now or at an earlier call with the same transfer id.</summary>
    Done,

    /// <summary>The balance is smaller than the amount; nothing changed.</summary>
    InsufficientFunds,

    /// <summary>The account is not open; nothing changed.</summary>
    NotOpen,
}
