using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Faults;
using Checkpointing.SiloHost.Observation;

namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>What the faults of one period may have undone, and what not. Follows from what clients saw alone.</summary>
internal sealed class Promises
{
    private readonly Fault? _fault;
    private readonly SiloLoss? _loss;
    private readonly HashSet<string> _mayDepend = [];
    private readonly long[] _floors = new long[LedgerShards.Count];

    public Promises(Fault? fault, SiloLoss? loss, IReadOnlyCollection<SentTransfer> sent, IReadOnlyCollection<CommittedRound> rounds)
    {
        _fault = fault;
        _loss = loss;
        if (loss is not null)
        {
            var before = Floors(rounds.Where(round => round.AnsweredAt <= loss.KilledAt));
            _mayDepend = DependentGrains.Of(
                loss.GrainsThere,
                sent.Where(transfer => !transfer.SentAfterRecovery && !(transfer.Number <= before[transfer.Ledger])));
        }

        _floors = Floors(rounds);
    }

    /// <summary>Null if the transfer, which was acknowledged, may be gone as a whole; else why it may not.</summary>
    public string? WhyItMustBeThere(SentTransfer transfer) => _fault switch
    {
        null => "no silo died",
        Fault.RollingRestart => "all silos had stopped in order",
        _ when transfer.Number <= _floors[transfer.Ledger] => $"a checkpoint that was asked for after number {_floors[transfer.Ledger]} was committed",
        Fault.SiloKill when transfer.SentAfterRecovery => "it was sent after the recovery",
        Fault.SiloKill when !MayDepend(transfer.Ledger) => $"nothing on the silo that died had to do with {BankGrains.LedgerId(transfer.Ledger)}",
        _ => null,
    };

    /// <summary>Null if the grain, which was rolled back, may have depended on work that was lost; else why not.</summary>
    public string? WhyItMustNotHaveRolledBack(RolledBackGrain grain) => _loss switch
    {
        null => "no single silo was lost",
        { KilledAt: var killed } when grain.At < killed => "no silo had been lost yet",
        _ when !_mayDepend.Contains(grain.Grain) => "it has had nothing to do with work that was lost",
        _ => null,
    };

    /// <summary>The last number that is permanent, by ledger.</summary>
    private long[] Floors(IEnumerable<CommittedRound> rounds)
    {
        var floors = new long[LedgerShards.Count];
        foreach (var round in rounds)
        {
            for (var ledger = 0; ledger < floors.Length; ledger++)
            {
                if (IsPermanentSince(round, ledger))
                    floors[ledger] = Math.Max(floors[ledger], round.AcknowledgedBefore);
            }
        }

        return floors;
    }

    /// <summary>
    /// Where the loss of a silo may have an effect, a round that was answered after the kill says less. A lost ledger is not left out: nobody knows that it
    /// had changes. And one that has started again, or was rolled back, takes part without them. Neither can happen before somebody knows of the loss.
    /// </summary>
    private bool IsPermanentSince(CommittedRound round, int ledger)
    {
        if (_loss is null || round.AnsweredAt <= _loss.KilledAt || !MayDepend(ledger))
            return !round.LedgersLeftOut.Contains(ledger);

        return round.AnsweredAt <= _loss.NoticedAt && round.LedgersTaken.Contains(ledger);
    }

    private bool MayDepend(int ledger) => _mayDepend.Contains(BankGrains.LedgerId(ledger));
}
