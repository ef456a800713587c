namespace Checkpointing.SiloHost.Bank;

/// <summary>An order to move money. The id is the client's, and makes the order repeatable.</summary>
[GenerateSerializer]
[Immutable]
[Alias("bank.transfer.v1")]
internal sealed record Transfer
{
    /// <summary>The longest id.</summary>
    public const int MaximumIdLength = 64;

    /// <summary>The largest amount of one transfer, in cents.</summary>
    public const long MaximumCents = 1_000_000_000_000;

    [Id(0)]
    public required string Id { get; init; }

    [Id(1)]
    public required int From { get; init; }

    [Id(2)]
    public required int To { get; init; }

    [Id(3)]
    public required long Cents { get; init; }

    public override string ToString() => $"{Id} ({Cents} cents from account {From} to account {To})";
}
