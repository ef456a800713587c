namespace Checkpointing.SiloHost.Bank;

/// <summary>What became of a transfer.</summary>
[GenerateSerializer]
[Alias("bank.transfer-status.v1")]
internal enum TransferStatus
{
    /// <summary>The ledger has begun it and not finished; nobody was told anything. Repeating it finishes it.</summary>
    Begun,

    /// <summary>Both accounts have it.</summary>
    Done,

    /// <summary>Refused for good: the balance was too small when it was asked for.</summary>
    InsufficientFunds,

    /// <summary>Refused for good: one of the accounts was not open.</summary>
    UnknownAccount,

    /// <summary>The id belongs to another transfer; nothing changed.</summary>
    IdTaken,
}
