using System.Globalization;
using Checkpointing.SiloHost.Observation;
using Orleans.Placement;

namespace Checkpointing.SiloHost.Bank;

/// <summary>Spread over the silos whatever their load: else one of them may have all, and the loss of a silo would be one of all grains, or of none.</summary>
[GrainType("ledger")]
[RandomPlacement]
internal sealed class LedgerGrain([CheckpointedState("ledger")] ICheckpointedState<LedgerState> ledger, RolledBackGrains rolledBack)
    : BankGrain(rolledBack), ILedgerGrain
{
    public async Task<TransferStatus> MakeTransfer(Transfer transfer)
    {
        if (ledger.State.Entries.TryGetValue(transfer.Id, out var earlier))
        {
            if (earlier.Transfer != transfer)
                return TransferStatus.IdTaken;

            if (earlier.Status != TransferStatus.Begun)
                return earlier.Status;
        }

        // Should a call below fail, the entry stays, and a repetition finishes the transfer: the accounts, too, answer a repeated id as before.
        Record(transfer, TransferStatus.Begun);
        var status = await Move(transfer);
        Record(transfer, status);
        return status;
    }

    public Task<LedgerStatement> GetTransfers() => Task.FromResult(new LedgerStatement
    {
        Ledger = int.Parse(this.GetPrimaryKeyString(), CultureInfo.InvariantCulture),
        Entries = ledger.State.Entries.Values.ToArray(),
    });

    private async Task<TransferStatus> Move(Transfer transfer)
    {
        var from = GrainFactory.GetAccount(transfer.From);
        switch (await from.Withdraw(transfer.Id, transfer.Cents))
        {
            case PostingOutcome.InsufficientFunds:
                return TransferStatus.InsufficientFunds;
            case PostingOutcome.NotOpen:
                return TransferStatus.UnknownAccount;
        }

        if (await GrainFactory.GetAccount(transfer.To).Deposit(transfer.Id, transfer.Cents) == PostingOutcome.Done)
            return TransferStatus.Done;

        await from.ReverseWithdrawal(transfer.Id);
        return TransferStatus.UnknownAccount;
    }

    private void Record(Transfer transfer, TransferStatus status) =>
        ledger.State.Entries[transfer.Id] = new LedgerEntry { Transfer = transfer, Status = status };
}
