using Orleans.Concurrency;

namespace Checkpointing.Bench.Grains;

/// <summary>An account. Its classes differ only in where the balance is kept.</summary>
[Alias("bench.account")]
internal interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>Adds to the balance, or, with a negative amount, takes from it.</summary>
    [Alias("Add")]
    Task Add(long cents);

    /// <summary>The balance, and how often it was changed.</summary>
    [ReadOnly]
    [Alias("Read")]
    Task<Account> Read();
}

/// <summary>The state of an account.</summary>
[GenerateSerializer]
[Alias("bench.account-state")]
internal sealed class Account
{
    [Id(0)]
    public long Cents { get; set; }

    [Id(1)]
    public long Changes { get; set; }

    public void Add(long cents)
    {
        Cents += cents;
        Changes++;
    }

    public Account Copy() => new() { Cents = Cents, Changes = Changes };
}
