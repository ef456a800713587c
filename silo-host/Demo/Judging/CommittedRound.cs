namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>
/// A checkpoint of all grains became permanent, or was already. Every transfer that was acknowledged before it was asked for must survive from now on, but
/// for those of ledgers that the decision left out.
/// </summary>
/// <param name="AcknowledgedBefore">The number of the last transfer acknowledged before the checkpoint was asked for.</param>
/// <param name="AnsweredAt">When the client had the answer.</param>
/// <param name="LedgersTaken">Ledgers with a new permanent checkpoint.</param>
/// <param name="LedgersLeftOut">Ledgers that were left out.</param>
internal sealed record CommittedRound(long AcknowledgedBefore, DateTimeOffset AnsweredAt, IReadOnlySet<int> LedgersTaken, IReadOnlySet<int> LedgersLeftOut)
{
    /// <summary>False if the answer was that everything is permanent already.</summary>
    public bool IsNew { get; private init; } = true;

    /// <summary>Whether this transfer is in it, whatever came before.</summary>
    public bool Has(SentTransfer transfer) => transfer.Number <= AcknowledgedBefore && !LedgersLeftOut.Contains(transfer.Ledger);

    public static CommittedRound NothingToDo(long acknowledgedBefore, DateTimeOffset answeredAt) =>
        new(acknowledgedBefore, answeredAt, new HashSet<int>(), new HashSet<int>()) { IsNew = false };
}
