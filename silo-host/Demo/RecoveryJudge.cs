using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo;

/// <summary>
/// Judges, from outside, what the bank knows after a crash, or without one. It is told what the driver sent, what was acknowledged when, and which
/// checkpoints were committed; it knows nothing of how checkpoints are taken. Pure but for its memory.
/// </summary>
internal sealed class RecoveryJudge(int accounts, long openingCents)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Transfer> _sent = [];
    private readonly Dictionary<string, long> _acknowledged = [];
    private readonly HashSet<string> _survived = [];
    private readonly HashSet<string> _undone = [];
    private readonly long[] _permanentUpTo = new long[LedgerShards.Count];
    private int _rounds;

    /// <summary>A transfer is about to be sent.</summary>
    public void Sent(Transfer transfer)
    {
        lock (_gate)
            _sent.Add(transfer.Id, transfer);
    }

    /// <summary>A transfer was answered "done", and that is on disk under this number.</summary>
    public void Acknowledged(string transferId, long number)
    {
        lock (_gate)
            _acknowledged.Add(transferId, number);
    }

    /// <summary>
    /// A checkpoint of all grains is permanent. Every transfer that was acknowledged before it was asked for, up to this number, must survive from
    /// now on, but for those of ledgers that the decision left out.
    /// </summary>
    public void CheckpointCommitted(long acknowledgedBefore, IReadOnlySet<int> ledgersLeftOut)
    {
        lock (_gate)
        {
            _rounds++;
            RaiseFloor(acknowledgedBefore, ledgersLeftOut);
        }
    }

    /// <summary>The coordinator says that everything is permanent already: the same promise, without a round.</summary>
    public void NothingToCheckpoint(long acknowledgedBefore)
    {
        lock (_gate)
            RaiseFloor(acknowledgedBefore, new HashSet<int>());
    }

    /// <summary>Judges the bank, and begins the next period with what it found. No transfer may be under way.</summary>
    /// <param name="bank">What the bank knows.</param>
    /// <param name="crashed">Whether all silos died since the last judgement. Without a crash nothing at all may be missing.</param>
    public Judgement Judge(BankStatement bank, bool crashed)
    {
        lock (_gate)
        {
            var violations = new List<Violation>();
            CheckProgress(crashed, violations);
            CheckBooks(bank, violations);
            var present = Present(bank, violations);
            var lost = CheckAcknowledged(present, crashed, violations);
            CheckEarlier(present, violations);

            var judgement = new Judgement(violations, _acknowledged.Count, _rounds, lost);
            BeginNextPeriod(present);
            return judgement;
        }
    }

    private void RaiseFloor(long acknowledgedBefore, IReadOnlySet<int> ledgersLeftOut)
    {
        for (var ledger = 0; ledger < _permanentUpTo.Length; ledger++)
        {
            if (!ledgersLeftOut.Contains(ledger))
                _permanentUpTo[ledger] = Math.Max(_permanentUpTo[ledger], acknowledgedBefore);
        }
    }

    private void CheckProgress(bool crashed, List<Violation> violations)
    {
        var before = crashed ? "the kill" : "the end";
        if (_acknowledged.Count == 0)
            violations.Add(new Violation(JudgeRule.NoTransfers, $"no transfer was acknowledged before {before}: nothing was tested"));

        if (_rounds == 0)
            violations.Add(new Violation(JudgeRule.NoCheckpoint, $"no checkpoint was committed before {before}: nothing was tested"));
    }

    private void CheckBooks(BankStatement bank, List<Violation> violations)
    {
        if (bank.Accounts.Count != accounts)
            violations.Add(new Violation(JudgeRule.AccountsMissing, $"the bank has {bank.Accounts.Count} accounts, {accounts} were opened and made permanent"));

        foreach (var account in bank.Accounts.Where(account => account.OpeningCents != openingCents))
            violations.Add(new Violation(JudgeRule.AccountsMissing, $"account {account.Account} says it was opened with {account.OpeningCents} cents, not {openingCents}"));

        if (bank.TotalCents != accounts * openingCents)
            violations.Add(new Violation(JudgeRule.TotalChanged, $"the bank holds {bank.TotalCents} cents, it was opened with {accounts * openingCents}"));

        violations.AddRange(BankAudit.Audit(bank).Select(finding => new Violation(JudgeRule.BooksDisagree, finding.ToString())));
    }

    /// <summary>The transfers that the bank knows as done.</summary>
    private HashSet<string> Present(BankStatement bank, List<Violation> violations)
    {
        var present = new HashSet<string>();
        foreach (var entry in bank.Ledgers.SelectMany(ledger => ledger.Entries))
        {
            if (!_sent.TryGetValue(entry.Transfer.Id, out var sent))
                violations.Add(new Violation(JudgeRule.NeverSent, $"transfer {entry.Transfer} was never sent"));
            else if (sent != entry.Transfer)
                violations.Add(new Violation(JudgeRule.NeverSent, $"transfer {sent} was sent, the bank has {entry.Transfer}"));

            if (entry.Status == TransferStatus.Done)
                present.Add(entry.Transfer.Id);
        }

        return present;
    }

    private int CheckAcknowledged(HashSet<string> present, bool crashed, List<Violation> violations)
    {
        var lost = 0;
        foreach (var (id, number) in _acknowledged.Where(transfer => !present.Contains(transfer.Key)))
        {
            lost++;
            var floor = _permanentUpTo[LedgerShards.Of(id)];
            if (!crashed)
                violations.Add(new Violation(JudgeRule.AcknowledgedLost, $"transfer {_sent[id]}, acknowledged as number {number}, is gone though no silo died"));
            else if (number <= floor)
            {
                violations.Add(new Violation(
                    JudgeRule.AcknowledgedLost,
                    $"transfer {_sent[id]}, acknowledged as number {number}, is gone; a checkpoint that was asked for after number {floor} was committed"));
            }
        }

        return lost;
    }

    private void CheckEarlier(HashSet<string> present, List<Violation> violations)
    {
        foreach (var id in _survived.Where(id => !present.Contains(id)))
            violations.Add(new Violation(JudgeRule.SurvivorLost, $"transfer {_sent[id]} survived an earlier crash and is gone now"));

        foreach (var id in _undone.Where(present.Contains))
            violations.Add(new Violation(JudgeRule.UndoneCameBack, $"transfer {_sent[id]} was undone by an earlier crash and is back now"));
    }

    private void BeginNextPeriod(HashSet<string> present)
    {
        _survived.UnionWith(present.Where(_sent.ContainsKey));
        _undone.UnionWith(_sent.Keys.Where(id => !present.Contains(id)));
        _acknowledged.Clear();
        _rounds = 0;
        Array.Clear(_permanentUpTo);
    }
}
