using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>A transfer that the driver has sent.</summary>
internal sealed class SentTransfer(Transfer transfer, long sentAt, bool sentAfterRecovery)
{
    public Transfer Transfer => transfer;

    /// <summary>A moment before it was first sent, in the judge's count.</summary>
    public long SentAt => sentAt;

    /// <summary>A moment after it was answered, in the judge's count; null until then.</summary>
    public long? AcknowledgedAt { get; set; }

    /// <summary>Whether it was sent when the loss of this period was over.</summary>
    public bool SentAfterRecovery => sentAfterRecovery;

    /// <summary>Its number in the log of acknowledged transfers; null until it is there.</summary>
    public long? Number { get; set; }

    public int Ledger { get; } = LedgerShards.Of(transfer.Id);

    /// <summary>The grains that it touches.</summary>
    public string[] Grains => [BankGrains.LedgerId(Ledger), BankGrains.AccountId(transfer.From), BankGrains.AccountId(transfer.To)];
}
