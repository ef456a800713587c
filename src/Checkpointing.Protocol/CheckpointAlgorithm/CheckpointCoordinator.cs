using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// The coordinator, "daemon" of the paper: one round at a time, requests that arrive meanwhile are merged into the next (SPEC C6). A round is
/// committed by one write of the <see cref="DecisionRecord"/>; everything that is not in it is aborted. Pure: the host performs the effects.
/// </summary>
internal sealed class CheckpointCoordinator
{
    private readonly List<CheckpointRequest> _waiting = [];
    private readonly Dictionary<RoundNumber, HashSet<ParticipantId>> _unproven = [];
    private readonly CoordinatorLimits _limits;
    private readonly Guid _life;
    private readonly ImmutableArray<CoordinatorEffect>.Builder _effects = ImmutableArray.CreateBuilder<CoordinatorEffect>();
    private DecisionRecord _record;
    private DecisionRecord? _writing;

    // The write of a decision that is neither known to have landed nor to be fenced off.
    private DecisionRecord? _decision;
    private CheckpointRound? _round;
    private RoundVote? _vote;
    private long _nextNumber = 1;
    private long _unusedFrom = 1;
    private long _revision;
    private long _suspectedEpoch;
    private long _deniedEpoch;

    /// <param name="record">The record as it was read, or <see cref="DecisionRecord.First"/> if there is none.</param>
    /// <param name="life">Unique id of this life of the coordinator.</param>
    /// <param name="limits">Bounds.</param>
    public CheckpointCoordinator(DecisionRecord record, Guid life, CoordinatorLimits limits)
    {
        _record = record;
        _life = life;
        _limits = limits;
    }

    public CoordinatorPhase Phase { get; private set; }

    /// <summary>The record as far as it is known to be stored.</summary>
    public DecisionRecord Record => _record;

    public CheckpointRound? Round => _round;

    /// <summary>CP-11: before it does anything else, a new life raises the epoch; from then on no earlier life can decide.</summary>
    public ImmutableArray<CoordinatorEffect> Start()
    {
        Write(_record.RaiseEpoch());
        return TakeEffects();
    }

    public ImmutableArray<CoordinatorEffect> OnRequest(CheckpointRequest request)
    {
        if (Phase == CoordinatorPhase.Retired)
        {
            return [new CompleteRequest(request.Id, new CheckpointAborted(AbortReason.Superseded, null, "", RoundReport.Empty), request.Attempts)];
        }

        _waiting.Add(request);
        foreach (var joined in _round?.Members.Values.Where(member => member.IsIn) ?? [])
        {
            RefuseRequestsAwaitedBy(_round!, joined.Id);
        }

        BeginNextRound();
        return TakeEffects();
    }

    public ImmutableArray<CoordinatorEffect> OnMessage(ToCoordinator message)
    {
        if (Phase == CoordinatorPhase.Retired)
        {
            return [];
        }

        switch (message)
        {
            case YoungerRoundSeen seen:
                Suspect(seen.Younger);
                break;
            case AskDecision ask:
                Suspect(ask.Round);
                _effects.Add(new SendToParticipant(ask.From, new DecisionAnswered(ask.Round, Lookup(ask.Round))));
                break;
            case DecisionProven proven:
                OnProven(proven);
                break;
            case Voted or NotInRound when _vote is not null && _vote.Expects(message.Round, message.From):
                _vote.OnVote(message.From, message is Voted { Yes: true }, message is Voted voted ? voted.Detail : "it was lost or restarted during the round");
                break;
            case not DecisionLearned when _round is { } round && message.Round == round.Number:
                OnRoundMessage(round, message);
                break;
        }

        Continue();
        return TakeEffects();
    }

    /// <summary>A control message could not be delivered, and will not be.</summary>
    public ImmutableArray<CoordinatorEffect> OnUnreachable(ParticipantId participant, ToParticipant message, string detail)
    {
        switch (message)
        {
            case JoinRound or TakeSnapshot when message.Round == _round?.Number:
                _round.LeaveOut(participant, AbortReason.Lost, detail);
                break;
            case StoreSnapshot store when _vote is not null && _vote.Expects(store.Number, participant):
                _vote.OnVote(participant, yes: false, detail);
                break;
        }

        Continue();
        return TakeEffects();
    }

    public ImmutableArray<CoordinatorEffect> OnTimer(RoundTimer timer)
    {
        if (Phase == CoordinatorPhase.Retired)
        {
            return [];
        }

        if (timer.Kind == RoundTimerKind.RecordDue)
        {
            _effects.Add(new ReadRecord());
            return TakeEffects();
        }

        if (timer.Kind == RoundTimerKind.RetryDue)
        {
            BeginNextRound();
            return TakeEffects();
        }

        if (_round is { } round && round.Number == timer.Round && _decision is null)
        {
            OnRoundTimer(round, timer);
            Continue();
        }

        return TakeEffects();
    }

    public ImmutableArray<CoordinatorEffect> OnRecordWritten(RecordWriteOutcome outcome)
    {
        switch (outcome)
        {
            case RecordWriteOutcome.Stored:
                OnRecordStored(_writing!);
                break;
            default:
                // Somebody else has written, or our own write has landed after all: only a read can tell.
                _effects.Add(new ReadRecord());
                break;
        }

        return TakeEffects();
    }

    /// <summary>CP-12: nobody is answered before the outcome of the write is known. Null: the record could not be read.</summary>
    public ImmutableArray<CoordinatorEffect> OnRecordRead(DecisionRecord? stored)
    {
        if (_writing is not { } intended || Phase == CoordinatorPhase.Retired)
        {
            return [];
        }

        if (stored is null)
        {
            _effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.RecordDue, RoundNumber.None)));
        }
        else if (stored.Stamp == intended.Stamp || stored.Stamp == _decision?.Stamp)
        {
            // The decision may land when it was already given up: it stands, and the write that should fence it off cannot land any more.
            OnRecordStored(stored);
        }
        else if (Phase == CoordinatorPhase.Starting)
        {
            Write(stored.RaiseEpoch());
        }
        else if (stored.Epoch != _record.Epoch || stored.StoreId != _record.StoreId)
        {
            OnSuperseded();
        }
        else
        {
            // Absent: a fencing write gives the record a new ETag, so that the lost write can never land. Once it is stored the round is aborted.
            Write(_record);
        }

        return TakeEffects();
    }

    /// <summary>Somebody is about to look up this round.</summary>
    public ImmutableArray<CoordinatorEffect> OnLookup(RoundNumber number)
    {
        Suspect(number);
        return TakeEffects();
    }

    /// <summary>What became of this round (SPEC K7).</summary>
    public Decision Lookup(RoundNumber number)
    {
        if (_record.IsCommitted(number))
        {
            return Decision.Committed;
        }

        if (Phase == CoordinatorPhase.Starting || (_vote is { } vote && vote.Contains(number) && (_decision is not null || !vote.HasFailed(number))))
        {
            return Decision.Undecided;
        }

        if (number.Epoch <= _record.Epoch)
        {
            return Decision.Aborted;
        }

        return number.Epoch <= _deniedEpoch ? Decision.Forgotten : Decision.Undecided;
    }

    private void OnRoundMessage(CheckpointRound round, ToCoordinator message)
    {
        switch (message)
        {
            case Joined joined:
                RefuseRequestsAwaitedBy(round, joined.From);
                round.OnJoined(joined);
                break;
            case NotNeeded notNeeded:
                round.OnNotNeeded(notNeeded);
                break;
            case SnapshotTaken taken:
                round.OnSnapshotTaken(taken);
                break;
            case OrphanFound found:
                foreach (var orphan in found.Orphans)
                {
                    round.LeaveOutOrphan(orphan.Receiver, found.From, orphan.LastLabelReceived);
                }

                break;
            case StillInDoubt doubt:
                // It has not heard our decision, and cannot join before. It will be asked again when answers are due.
                Suspect(doubt.Undecided);
                var decision = Lookup(doubt.Undecided);
                _effects.Add(new SendToParticipant(doubt.From, new DecisionAnswered(doubt.Undecided, decision)));
                if (decision is Decision.Committed or Decision.Aborted)
                {
                    round.AskAgain(doubt.From);
                }

                break;
            case Refused refused:
                round.LeaveOut(refused.From, ReasonFor(refused.Reason), refused.Detail);
                break;
            case NotInRound lost:
                round.LeaveOut(lost.From, AbortReason.Lost, "it was lost or restarted during the round");
                break;
        }
    }

    private void OnRoundTimer(CheckpointRound round, RoundTimer timer)
    {
        switch (timer.Kind)
        {
            case RoundTimerKind.DrainDue when _vote is null:
                round.OnDrainDue();
                break;
            case RoundTimerKind.PauseDue when _vote is null:
                round.OnPauseDue();
                break;
            case RoundTimerKind.RetakeDue when _vote is null:
                round.OnRetakeDue();
                break;
            case RoundTimerKind.VoteDue:
                _vote?.OnVoteDue();
                break;
            case RoundTimerKind.ResendDue:
                if (_vote is null)
                {
                    round.Resend();
                }
                else
                {
                    _vote.Resend();
                }

                _effects.Add(new StartTimer(timer));
                break;
        }
    }

    /// <summary>
    /// K14: who waits for a checkpoint inside a chain that the round must drain is told so at once, and the chain can end. That holds for a
    /// request that waits for the next round too: it would be served only after this one, which waits for its chain.
    /// </summary>
    private void RefuseRequestsAwaitedBy(CheckpointRound round, ParticipantId joined)
    {
        foreach (var request in round.Requests.Concat(_waiting).Where(request => request.AwaitedBy.Contains(joined)).ToList())
        {
            _ = round.Requests.Remove(request) || _waiting.Remove(request);
            _effects.Add(new CompleteRequest(
                request.Id,
                new CheckpointAborted(AbortReason.AwaitedInsideRound, joined, "the caller waits inside a call chain of this participant", round.Report(_ => false)),
                request.Attempts + 1));
        }
    }

    private void BeginNextRound()
    {
        if (Phase != CoordinatorPhase.Ready || _round is not null || _waiting.Count == 0)
        {
            return;
        }

        _round = new CheckpointRound(new RoundNumber(_record.Epoch, _nextNumber), _waiting, _effects);
        _nextNumber++;
        _waiting.Clear();
        foreach (var kind in (ReadOnlySpan<RoundTimerKind>)[RoundTimerKind.DrainDue, RoundTimerKind.PauseDue, RoundTimerKind.ResendDue])
        {
            _effects.Add(new StartTimer(new RoundTimer(kind, _round.Number)));
        }

        _round.Begin();
        Continue();
    }

    /// <summary>Goes on from Verify to Persist, from the last vote to the decision, and from the end of a round to the next.</summary>
    private void Continue()
    {
        if (_round is not { } round || _writing is not null)
        {
            return;
        }

        if (_vote is null)
        {
            if (round.IsEmpty)
            {
                EndRound(RoundVote.None);
                return;
            }

            if (!round.IsVerified)
            {
                return;
            }

            _vote = RoundVote.Begin(round, _effects);
            _nextNumber = Math.Max(_nextNumber, _vote.LastNumber + 1);
            _effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.VoteDue, round.Number)));
        }

        if (!_vote.IsComplete)
        {
            return;
        }

        var committed = _vote.CommittedNumbers();
        if (committed.Count == 0)
        {
            _vote.SpreadUndo();
            EndRound(_vote);
        }
        else
        {
            // Only numbers that no component ever had may be covered along: one of a failed component must stay a gap.
            var first = committed.Min().Number;
            Write(_record.Forget(IsProven).Commit(committed, first == _vote.FirstNumber ? _unusedFrom : first));
            _decision = _writing;
        }
    }

    private void OnRecordStored(DecisionRecord stored)
    {
        _record = stored;
        _writing = null;
        if (Phase == CoordinatorPhase.Starting)
        {
            Phase = CoordinatorPhase.Ready;
        }
        else if (_decision is null)
        {
            _deniedEpoch = _suspectedEpoch;
            Continue();
        }
        else if (_vote is { } vote)
        {
            if (stored.Stamp != _decision.Stamp)
            {
                vote.Fail(AbortReason.DecisionNotStored, "the decision could not be recorded");
            }

            _decision = null;
            foreach (var (number, members) in vote.SpreadDecision())
            {
                _unproven[number] = members;
            }

            EndRound(vote);
            return;
        }

        BeginNextRound();
    }

    private void EndRound(RoundVote vote)
    {
        var round = _round!;
        _round = null;
        _vote = null;
        if (vote.LastNumber >= _unusedFrom)
        {
            _unusedFrom = vote.LastNumber + 1;
        }

        var retry = false;
        foreach (var request in round.Requests)
        {
            var outcome = vote.OutcomeOf(request, round);
            // K14: what is too busy may wait, through others, for the very caller. It is told within the pause bound, and its chain can end.
            var mayBeAwaited = outcome is CheckpointAborted { Reason: AbortReason.TooBusy } && !request.AwaitedBy.IsEmpty;
            if (outcome is CheckpointAborted { Reason: AbortReason.TooBusy or AbortReason.Lost or AbortReason.StillInDoubt }
                && !mayBeAwaited && request.Attempts + 1 < _limits.MaxAttempts)
            {
                _waiting.Add(request with { Attempts = request.Attempts + 1 });
                retry = true;
            }
            else
            {
                _effects.Add(new CompleteRequest(request.Id, outcome, request.Attempts + 1));
            }
        }

        if (retry)
        {
            _effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.RetryDue, round.Number, _waiting.Max(request => request.Attempts))));
        }
        else
        {
            BeginNextRound();
        }
    }

    /// <summary>
    /// CP-13: a round of a younger epoch than ours: either another life has taken over, and we would never notice as long as no round of ours
    /// gets to its decision, or our record is older than the round. A write of the record tells which, and until then nobody is told "forgotten".
    /// </summary>
    private void Suspect(RoundNumber round)
    {
        if (Phase == CoordinatorPhase.Ready && round.Epoch > Math.Max(_record.Epoch, _deniedEpoch))
        {
            _suspectedEpoch = Math.Max(_suspectedEpoch, round.Epoch);
            if (_writing is null)
            {
                Write(_record);
            }
        }
    }

    private void OnProven(DecisionProven proven)
    {
        if (_unproven.TryGetValue(proven.Round, out var members) && members.Remove(proven.From) && members.Count == 0)
        {
            _unproven.Remove(proven.Round);
        }
    }

    /// <summary>Only rounds of this life can be forgotten: of earlier ones it does not know who was in them.</summary>
    private bool IsProven(CommittedRun run)
    {
        if (run.Epoch != _record.Epoch)
        {
            return false;
        }

        return !_unproven.Keys.Any(run.Contains);
    }

    private void OnSuperseded()
    {
        Phase = CoordinatorPhase.Retired;
        _writing = null;
        foreach (var request in _waiting.Concat(_round?.Requests ?? []))
        {
            _effects.Add(new CompleteRequest(
                request.Id, new CheckpointAborted(AbortReason.Superseded, null, "another life of the coordinator has taken over", RoundReport.Empty), request.Attempts));
        }

        _waiting.Clear();
        _round = null;
        _vote = null;
        _effects.Add(new Retire());
    }

    private void Write(DecisionRecord record)
    {
        _writing = record with { Stamp = new WriteStamp(_life, ++_revision) };
        _effects.Add(new WriteRecord(_writing));
    }

    private static AbortReason ReasonFor(RefusalReason reason) => reason switch
    {
        RefusalReason.Unwilling => AbortReason.Unwilling,
        RefusalReason.RollsBack => AbortReason.OrphanFound,
        _ => AbortReason.CaptureFailed,
    };

    private ImmutableArray<CoordinatorEffect> TakeEffects()
    {
        var effects = _effects.ToImmutable();
        _effects.Clear();
        return effects;
    }
}

internal enum CoordinatorPhase
{
    /// <summary>The epoch is being raised.</summary>
    Starting,

    Ready,

    /// <summary>Another life has taken over.</summary>
    Retired,
}

/// <param name="MaxAttempts">How many rounds may try to serve one request.</param>
internal sealed record CoordinatorLimits(int MaxAttempts);
