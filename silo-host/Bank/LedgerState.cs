namespace Checkpointing.SiloHost.Bank;

/// <summary>The checkpointed state of a ledger.</summary>
[GenerateSerializer]
[Alias("bank.ledger-state.v1")]
internal sealed class LedgerState
{
    [Id(0)]
    public Dictionary<string, LedgerEntry> Entries { get; set; } = [];
}

/// <summary>A transfer and what became of it.</summary>
[GenerateSerializer]
[Immutable]
[Alias("bank.ledger-entry.v1")]
internal sealed record LedgerEntry
{
    [Id(0)]
    public required Transfer Transfer { get; init; }

    [Id(1)]
    public required TransferStatus Status { get; init; }
}

/// <summary>What a ledger knows.</summary>
[GenerateSerializer]
[Immutable]
[Alias("bank.ledger-statement.v1")]
internal sealed record LedgerStatement
{
    [Id(0)]
    public required int Ledger { get; init; }

    [Id(1)]
    public required IReadOnlyList<LedgerEntry> Entries { get; init; }
}
