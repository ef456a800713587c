using Orleans.Concurrency;

namespace Checkpointing.SiloHost.Bank;

/// <summary>
/// The checkpointed grain through which transfers run. It joins withdrawal and deposit into one call chain, so a checkpoint contains both or neither
/// (SPEC K21: a client that called the two accounts itself would make two chains). Transfers are spread over <see cref="LedgerShards.Count"/> ledgers.
/// </summary>
[Alias("bank.ledger")]
internal interface ILedgerGrain : IGrainWithStringKey
{
    /// <summary>Makes a transfer, or, for an id that was answered before, answers as before.</summary>
    [Alias("MakeTransfer")]
    Task<TransferStatus> MakeTransfer(Transfer transfer);

    /// <summary>Every transfer that this ledger knows.</summary>
    [ReadOnly]
    [Alias("GetTransfers")]
    Task<LedgerStatement> GetTransfers();
}
