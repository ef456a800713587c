namespace Checkpointing.SiloHost.Bank;

/// <summary>The checkpointed state of an account.</summary>
[GenerateSerializer]
[Alias("bank.account-state.v1")]
internal sealed class AccountState
{
    [Id(0)]
    public bool IsOpen { get; set; }

    [Id(1)]
    public long OpeningCents { get; set; }

    [Id(2)]
    public long Cents { get; set; }

    /// <summary>Transfer id to amount: negative out of this account, positive into it. Grows with every transfer: a demo's bookkeeping, not a bank's.</summary>
    [Id(3)]
    public Dictionary<string, long> Postings { get; set; } = [];
}
