using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>
/// Which surviving grains must roll back after the loss of a silo, whatever else went on: an acknowledged transfer has brought them a call or an answer that its
/// sender has certainly forgotten. A lost grain has forgotten a transfer if no checkpoint that was asked for before its silo was gone can have taken it with that
/// transfer. A survivor that must roll back forgets likewise, since it cannot be checkpointed with what it has received: so one draws in the next. And whoever
/// has done an acknowledged transfer that is gone in the end has rolled back, for whatever reason.
/// </summary>
/// <remarks>
/// Direction counts here. A ledger calls both accounts, and both answer; the accounts have nothing from each other. Calls without an answer say nothing: those
/// whose callee is lost are sent again. Nor do grains of which two silos, or none, had said that they were there.
/// </remarks>
internal sealed class CertainOrphans
{
    private readonly Dictionary<string, Evidence> _found = [];

    public CertainOrphans(SiloLoss? loss, IEnumerable<SentTransfer> sent, IReadOnlyCollection<AskedCheckpoint> asked, IReadOnlySet<string> present)
    {
        if (loss is null)
            return;

        var acknowledged = sent.Where(transfer => transfer.AcknowledgedAt < loss.LostAt).ToArray();
        var ofGrain = acknowledged
            .SelectMany(transfer => transfer.Grains.Select(grain => (grain, transfer)))
            .ToLookup(pair => pair.grain, pair => pair.transfer);
        Spread(loss.CertainlyThere);
        Spread(acknowledged
            .Where(transfer => !present.Contains(transfer.Transfer.Id))
            .SelectMany(transfer => transfer.Grains.Where(grain => Add(grain, new Evidence(transfer, null)))));

        void Spread(IEnumerable<string> senders)
        {
            var frontier = new Queue<string>(senders);
            while (frontier.TryDequeue(out var sender))
            {
                foreach (var transfer in ofGrain[sender].Where(transfer => !asked.Any(request => request.MayHaveTaken(sender, transfer, loss.GoneAt))))
                {
                    foreach (var receiver in Receivers(sender, transfer).Where(receiver => Add(receiver, new Evidence(transfer, sender))))
                        frontier.Enqueue(receiver);
                }
            }
        }

        bool Add(string grain, Evidence evidence) => loss.Survivors.Contains(grain) && _found.TryAdd(grain, evidence);
    }

    public IReadOnlyCollection<string> Grains => _found.Keys;

    /// <summary>Why one of the grains must roll back: a transfer, and from whom it had received in that; and so on to a grain that was lost.</summary>
    public string Why(string grain)
    {
        var (transfer, from) = _found[grain];
        var name = $"transfer {transfer.Transfer}, acknowledged as number {transfer.Number} before the kill";
        if (from is null)
            return $"{name}, is gone from it";

        var sender = _found.ContainsKey(from) ? $"had to roll back: {Why(from)}" : "was on the silo that died";
        return $"it had received from {from} in {name} and in no checkpoint of {from}, which {sender}";
    }

    private static IEnumerable<string> Receivers(string sender, SentTransfer transfer)
    {
        var ledger = BankGrains.LedgerId(transfer.Ledger);
        return sender == ledger ? transfer.Grains.Where(grain => grain != ledger) : [ledger];
    }

    /// <param name="Transfer">What brought it.</param>
    /// <param name="From">Who had sent it; null if the transfer is gone.</param>
    private readonly record struct Evidence(SentTransfer Transfer, string? From);
}
