using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// The coordinator, "daemon" of the paper: one round at a time, requests that arrive meanwhile are merged into the next (SPEC C6). A round is
/// committed by one write of the <see cref="DecisionRecord"/>; everything that is not in it is aborted. Pure: the host performs the effects.
/// </summary>
internal sealed class CheckpointCoordinator
{
    private readonly UnprovenDecisions _unproven = new();
    private readonly DecisionRecordWriter _writer;
    private readonly ProofRequests _proofs;
    private readonly RequestQueue _requests;
    private readonly ImmutableArray<CoordinatorEffect>.Builder _effects = ImmutableArray.CreateBuilder<CoordinatorEffect>();
    private CheckpointRound? _round;
    private RoundVote? _vote;
    private long _nextNumber = 1;
    private long _unusedFrom = 1;

    /// <param name="record">The record as it was read, or <see cref="DecisionRecord.First"/> if there is none.</param>
    /// <param name="life">Unique id of this life of the coordinator.</param>
    /// <param name="limits">Bounds.</param>
    public CheckpointCoordinator(DecisionRecord record, Guid life, CoordinatorLimits limits)
    {
        _writer = new DecisionRecordWriter(record, life, _unproven, _effects);
        _proofs = new ProofRequests(_unproven, _writer, _effects);
        _requests = new RequestQueue(limits, _effects);
    }

    public CoordinatorPhase Phase { get; private set; }

    /// <summary>The record as far as it is known to be stored.</summary>
    public DecisionRecord Record => _writer.Record;

    public CheckpointRound? Round => _round;

    /// <summary>CP-11: before it does anything else, a new life raises the epoch; from then on no earlier life can decide.</summary>
    public ImmutableArray<CoordinatorEffect> Start()
    {
        _writer.RaiseEpoch();
        return TakeEffects();
    }

    public ImmutableArray<CoordinatorEffect> OnRequest(CheckpointRequest request)
    {
        if (Phase == CoordinatorPhase.Retired)
        {
            _requests.Refuse(request, "");
            return TakeEffects();
        }

        _requests.Add(request);
        foreach (var joined in _round?.Members.Values.Where(member => member.IsIn) ?? [])
        {
            _requests.RefuseAwaitedBy(_round!, joined.Id);
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
                _writer.Suspect(seen.Younger);
                break;
            case AskDecision ask:
                _writer.Suspect(ask.Round);
                _vote?.OnAskDecision(ask);
                _effects.Add(new SendToParticipant(ask.From, new DecisionAnswered(ask.Round, Lookup(ask.Round))));
                break;
            case StillStoring storing:
                _vote?.OnStillStoring(storing);
                break;
            case DecisionProven proven:
                _unproven.OnProven(proven);
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

        if (timer.Kind is RoundTimerKind.ProofsDue or RoundTimerKind.NextProofsDue)
        {
            _proofs.OnDue(timer, MayDrop);
            return TakeEffects();
        }

        if (timer.Kind == RoundTimerKind.RetryDue)
        {
            BeginNextRound();
            return TakeEffects();
        }

        if (_round is { } round && round.Number == timer.Round && !_writer.IsDeciding)
        {
            OnRoundTimer(round, timer);
            Continue();
        }

        return TakeEffects();
    }

    public ImmutableArray<CoordinatorEffect> OnRecordWritten(RecordWriteOutcome outcome)
    {
        OnConclusion(_writer.OnWritten(outcome));
        return TakeEffects();
    }

    /// <summary>CP-12: nobody is answered before the outcome of the write is known. Null: the record could not be read.</summary>
    public ImmutableArray<CoordinatorEffect> OnRecordRead(DecisionRecord? stored)
    {
        OnConclusion(_writer.OnRead(stored));
        return TakeEffects();
    }

    /// <summary>The host will end this life as soon as the write is done that this may ask for: what is proven is dropped.</summary>
    public ImmutableArray<CoordinatorEffect> OnStopping()
    {
        if (MayDrop)
        {
            _writer.DropProven();
        }

        return TakeEffects();
    }

    /// <summary>The host ends this life. What it has not decided yet is for the next one to tell.</summary>
    public ImmutableArray<CoordinatorEffect> OnStop()
    {
        _writer.StandDown();
        Retire("this life of the coordinator ends");
        return TakeEffects();
    }

    /// <summary>Somebody is about to look up this round.</summary>
    public ImmutableArray<CoordinatorEffect> OnLookup(RoundNumber number)
    {
        _writer.Suspect(number);
        return TakeEffects();
    }

    /// <summary>What became of this round (SPEC K7).</summary>
    public Decision Lookup(RoundNumber number)
    {
        var decision = _writer.Lookup(number);
        var isOpen = decision != Decision.Committed && _vote is { } vote && vote.Contains(number) && (_writer.IsDeciding || !vote.HasFailed(number));
        return isOpen ? Decision.Undecided : decision;
    }

    private void OnRoundMessage(CheckpointRound round, ToCoordinator message)
    {
        switch (message)
        {
            case Joined joined:
                _requests.RefuseAwaitedBy(round, joined.From);
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
                _writer.Suspect(doubt.Undecided);
                var decision = Lookup(doubt.Undecided);
                _effects.Add(new SendToParticipant(doubt.From, new DecisionAnswered(doubt.Undecided, decision)));
                round.OnStillInDoubt(doubt, decision);
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
                    _vote.Resend(timer.Count);
                }

                // Who drains must be asked again soon, for gates are closed; who stores may take its time.
                _effects.Add(new StartTimer(timer with { Count = _vote is null ? 0 : timer.Count + 1 }));
                break;
        }
    }

    private void BeginNextRound()
    {
        if (Phase != CoordinatorPhase.Ready || _round is not null || _requests.IsEmpty)
        {
            return;
        }

        _round = new CheckpointRound(new RoundNumber(_writer.Record.Epoch, _nextNumber), _requests.TakeAll(), _effects);
        _nextNumber++;
        foreach (var kind in (ReadOnlySpan<RoundTimerKind>)[RoundTimerKind.DrainDue, RoundTimerKind.PauseDue, RoundTimerKind.ResendDue])
        {
            _effects.Add(new StartTimer(new RoundTimer(kind, _round.Number)));
        }

        _round.Begin();
        Continue();
    }

    /// <summary>Goes on from Verify to Persist, from the last vote to the decision, and from the end of a round to the next. Only the decision waits for another write of the record.</summary>
    private void Continue()
    {
        if (_round is not { } round || _writer.IsDeciding)
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

        var committed = _vote.Committed();
        if (committed.Count == 0)
        {
            _vote.SpreadUndo();
            EndRound(_vote);
        }
        else if (!_writer.IsWriting)
        {
            // Only numbers that no component ever had may be covered along: one of a failed component must stay a gap.
            var first = committed.Keys.Min().Number;
            _writer.Decide(committed, first == _vote.FirstNumber ? _unusedFrom : first);
        }
    }

    private void OnConclusion(RecordWriteConclusion conclusion)
    {
        switch (conclusion)
        {
            case RecordWriteConclusion.EpochRaised:
                Phase = CoordinatorPhase.Ready;
                _proofs.Begin();
                BeginNextRound();
                break;
            case RecordWriteConclusion.Confirmed:
                Continue();
                BeginNextRound();
                break;
            case RecordWriteConclusion.DecisionHolds:
                _proofs.Begin();
                _vote!.SpreadDecision();
                EndRound(_vote);
                break;
            case RecordWriteConclusion.DecisionFencedOff:
                _vote!.Fail(AbortReason.DecisionNotStored, "the decision could not be recorded");
                _vote.SpreadDecision();
                EndRound(_vote);
                break;
            case RecordWriteConclusion.Superseded:
                Retire("another life of the coordinator has taken over");
                _effects.Add(new Retire());
                break;
        }
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

        if (!_requests.Settle(round, vote.Report(round)))
        {
            BeginNextRound();
        }
    }

    /// <summary>Not while a round is running: its decision drops what is proven along, and must not wait for another write.</summary>
    private bool MayDrop => Phase == CoordinatorPhase.Ready && _round is null;

    private void Retire(string detail)
    {
        Phase = CoordinatorPhase.Retired;
        _requests.RefuseAll(_round?.Requests ?? [], detail);
        _round = null;
        _vote = null;
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
