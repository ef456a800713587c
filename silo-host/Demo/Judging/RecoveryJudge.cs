using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Faults;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Observation;

namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>
/// Judges, from outside, what the bank knows after a fault, or without one. It is told what the driver sent, what was acknowledged when, which checkpoints
/// were committed, and which grains a killed silo had; it knows nothing of how checkpoints and rollbacks are made. Pure but for its memory.
/// </summary>
internal sealed class RecoveryJudge(int accounts, long openingCents, AccountGroups groups)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Transfer> _sent = [];
    private readonly Dictionary<string, SentTransfer> _period = [];
    private readonly List<CommittedRound> _rounds = [];
    private readonly List<AskedCheckpoint> _asked = [];
    private readonly List<string> _refusedRepetitions = [];
    private readonly HashSet<string> _survived = [];
    private readonly HashSet<string> _undone = [];
    private SiloLoss? _loss;

    // Counts what the judge is told: of two events, the one with the smaller number came first.
    private long _moment;

    /// <summary>A transfer is about to be sent for the first time.</summary>
    public void Sent(Transfer transfer)
    {
        lock (_gate)
        {
            _sent.Add(transfer.Id, transfer);
            _period.Add(transfer.Id, new SentTransfer(transfer, ++_moment, sentAfterRecovery: _loss is { IsOver: true }));
        }
    }

    /// <summary>A transfer was answered "done", and that is on disk under this number.</summary>
    public void Acknowledged(string transferId, long number)
    {
        lock (_gate)
        {
            _period[transferId].Number = number;
            _period[transferId].AcknowledgedAt = ++_moment;
        }
    }

    /// <summary>A transfer that was done was sent again, and answered as refused.</summary>
    public void RepetitionRefused(string transferId)
    {
        lock (_gate)
            _refusedRepetitions.Add(transferId);
    }

    /// <summary>A checkpoint of everything is about to be asked for. Until its answer says who was taken, anybody may be.</summary>
    public AskedCheckpoint CheckpointAsked()
    {
        lock (_gate)
        {
            var request = new AskedCheckpoint(++_moment);
            _asked.Add(request);
            return request;
        }
    }

    /// <summary>A client heard which grains, and no others, have a new permanent checkpoint by its request.</summary>
    public void CheckpointAnswered(AskedCheckpoint request, IReadOnlySet<string> taken)
    {
        lock (_gate)
            request.Answered(++_moment, taken);
    }

    /// <summary>A client heard that a checkpoint is permanent.</summary>
    public void CheckpointCommitted(CommittedRound round)
    {
        lock (_gate)
            _rounds.Add(round);
    }

    /// <summary>Whether a committed checkpoint of this period has a transfer of this period, so that a fault puts something at risk.</summary>
    public bool IsAnythingPromised()
    {
        lock (_gate)
            return IsAnythingPromised(DateTimeOffset.MaxValue);
    }

    /// <summary>A single silo is about to be killed. At most once in a period.</summary>
    public void SiloLost(SiloLoss loss)
    {
        lock (_gate)
        {
            _loss = loss;
            loss.LostAt = ++_moment;
        }
    }

    /// <summary>Its process has ended.</summary>
    public void SiloGone()
    {
        lock (_gate)
            _loss!.GoneAt = ++_moment;
    }

    /// <summary>The first moment at which another silo knew of the loss.</summary>
    public void LossNoticed(DateTimeOffset at)
    {
        lock (_gate)
            _loss!.NoticedAt = at;
    }

    /// <summary>Everything works again, and no rollback is pending.</summary>
    public void LossIsOver()
    {
        lock (_gate)
            _loss!.IsOver = true;
    }

    /// <summary>Judges the bank, and begins the next period with what it found. No transfer may be under way.</summary>
    /// <param name="bank">What the bank knows. It must be permanent.</param>
    /// <param name="fault">What befell the silos since the last judgement. Without a kill nothing at all may be missing.</param>
    /// <param name="rolledBack">The grains that say they were rolled back since the last judgement.</param>
    public Judgement Judge(BankStatement bank, Fault? fault, IReadOnlyCollection<RolledBackGrain> rolledBack)
    {
        lock (_gate)
        {
            var violations = new List<Violation>();
            var loss = fault == Fault.SiloKill ? _loss : null;
            var promises = new Promises(fault, loss, _period.Values, _rounds);
            CheckProgress(fault, violations);
            CheckBooks(bank, violations);
            var present = Present(bank, violations);
            var lost = CheckAcknowledged(present, promises, violations);
            CheckRepetitions(promises, violations);
            CheckEarlier(present, violations);
            CheckRolledBack(rolledBack, promises, violations);
            var orphans = new CertainOrphans(loss, _period.Values, _asked, present);
            CheckOrphans(rolledBack, orphans, violations);

            var judgement = new Judgement(
                violations, _period.Values.Count(transfer => transfer.Number is not null), _rounds.Count(round => round.IsNew), lost, orphans.Grains.Count);
            BeginNextPeriod(present);
            return judgement;
        }
    }

    private void CheckProgress(Fault? fault, List<Violation> violations)
    {
        var before = fault is null ? "the end" : "the fault";
        if (!_period.Values.Any(transfer => transfer.AcknowledgedAt < (_loss?.LostAt ?? long.MaxValue)))
            violations.Add(new Violation(JudgeRule.NoTransfers, $"no transfer was acknowledged before {before}: nothing was tested"));
        else if (!IsAnythingPromised(_loss?.KilledAt ?? DateTimeOffset.MaxValue))
            violations.Add(new Violation(JudgeRule.NoCheckpoint, $"no checkpoint with a transfer of this period was committed before {before}: nothing was tested"));
    }

    private bool IsAnythingPromised(DateTimeOffset until) =>
        _rounds.Where(round => round.IsNew && round.AnsweredAt <= until).Any(round => _period.Values.Any(transfer => round.Has(transfer)));

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

    private int CheckAcknowledged(HashSet<string> present, Promises promises, List<Violation> violations)
    {
        var lost = 0;
        foreach (var transfer in _period.Values.Where(transfer => transfer.Number is not null && !present.Contains(transfer.Transfer.Id)))
        {
            lost++;
            if (promises.WhyItMustBeThere(transfer) is { } reason)
                violations.Add(new Violation(JudgeRule.AcknowledgedLost, $"transfer {transfer.Transfer}, acknowledged as number {transfer.Number}, is gone, but {reason}"));
        }

        return lost;
    }

    private void CheckRepetitions(Promises promises, List<Violation> violations)
    {
        // One that was undone in between is a new order, and may be refused.
        foreach (var transfer in _refusedRepetitions.Select(id => _period[id]))
        {
            if (promises.WhyItMustBeThere(transfer) is { } reason)
                violations.Add(new Violation(JudgeRule.RepetitionRefused, $"transfer {transfer.Transfer} was done, and a repetition of it was refused, but {reason}"));
        }
    }

    private void CheckEarlier(HashSet<string> present, List<Violation> violations)
    {
        foreach (var id in _survived.Where(id => !present.Contains(id)))
            violations.Add(new Violation(JudgeRule.SurvivorLost, $"transfer {_sent[id]} survived an earlier fault and is gone now"));

        foreach (var id in _undone.Where(present.Contains))
            violations.Add(new Violation(JudgeRule.UndoneCameBack, $"transfer {_sent[id]} was undone by an earlier fault and is back now"));
    }

    private void CheckRolledBack(IReadOnlyCollection<RolledBackGrain> rolledBack, Promises promises, List<Violation> violations)
    {
        foreach (var grain in rolledBack)
        {
            if (promises.WhyItMustNotHaveRolledBack(grain) is { } reason)
                violations.Add(new Violation(JudgeRule.RolledBackWithoutCause, $"{Named(grain.Grain)} was rolled back to round {grain.Round}, but {reason}"));
        }
    }

    private void CheckOrphans(IReadOnlyCollection<RolledBackGrain> rolledBack, CertainOrphans orphans, List<Violation> violations)
    {
        foreach (var grain in orphans.Grains.Except(rolledBack.Select(grain => grain.Grain)))
            violations.Add(new Violation(JudgeRule.NotRolledBack, $"{Named(grain)} was not rolled back, but {orphans.Why(grain)}"));
    }

    private string Named(string grain) => groups.Of(grain) is { } group ? $"{grain} of group {group}" : grain;

    private void BeginNextPeriod(HashSet<string> present)
    {
        _survived.UnionWith(present.Where(_sent.ContainsKey));
        _undone.UnionWith(_sent.Keys.Where(id => !present.Contains(id)));
        _period.Clear();
        _rounds.Clear();
        _asked.Clear();
        _refusedRepetitions.Clear();
        _loss = null;
    }
}
