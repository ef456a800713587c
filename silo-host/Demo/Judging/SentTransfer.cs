using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>A transfer that the driver has sent.</summary>
internal sealed class SentTransfer(Transfer transfer, bool sentAfterRecovery)
{
    public Transfer Transfer => transfer;

    /// <summary>Whether it was sent when the loss of this period was over.</summary>
    public bool SentAfterRecovery => sentAfterRecovery;

    /// <summary>Its number in the log of acknowledged transfers; null until it is there.</summary>
    public long? Number { get; set; }

    public int Ledger { get; } = LedgerShards.Of(transfer.Id);

    /// <summary>The grains that it touches.</summary>
    public string[] Grains => [BankGrains.LedgerId(Ledger), BankGrains.AccountId(transfer.From), BankGrains.AccountId(transfer.To)];
}
