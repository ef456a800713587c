namespace Checkpointing.SiloHost.Bank;

/// <summary>What an account knows of itself.</summary>
[GenerateSerializer]
[Immutable]
[Alias("bank.account-statement.v1")]
internal sealed record AccountStatement
{
    /// <summary>The number of the account.</summary>
    [Id(0)]
    public required int Account { get; init; }

    /// <summary>False for a number that was never opened.</summary>
    [Id(1)]
    public required bool IsOpen { get; init; }

    /// <summary>The balance it was opened with.</summary>
    [Id(2)]
    public required long OpeningCents { get; init; }

    /// <summary>The balance.</summary>
    [Id(3)]
    public required long Cents { get; init; }

    /// <summary>Transfer id to amount: negative out of this account, positive into it.</summary>
    [Id(4)]
    public required IReadOnlyDictionary<string, long> Postings { get; init; }
}
