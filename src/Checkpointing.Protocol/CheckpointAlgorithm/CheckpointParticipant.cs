using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// One participant of algorithm C, mapped to request/response actors (SPEC D7, D11). Pure: same state and same input give the same effects.
/// The gate is closed exactly in Draining, Drained and Snapped. After its Yes-vote a participant is in doubt, and the application goes on.
/// </summary>
internal sealed class CheckpointParticipant
{
    private readonly Ledger _ledger;
    private readonly ParticipantId _self;
    private RoundNumber _round;
    private RoundNumber _verifying;
    private RoundNumber _number;
    private int _attempt;
    private int _attemptAsked;
    private bool _unchanged;
    private bool _rollsBack;

    public CheckpointParticipant(Ledger ledger, RoundNumber lastFinished)
    {
        _ledger = ledger;
        _self = ledger.Life.Participant;
        LastFinished = lastFinished;
    }

    public ParticipantPhase Phase { get; private set; }

    /// <summary>Messages about rounds up to this one are late: they change nothing.</summary>
    public RoundNumber LastFinished { get; private set; }

    /// <summary>A snapshot or marker of this life has landed in the free slot, which no earlier life can write to since.</summary>
    public bool HasStored { get; private set; }

    /// <summary>The round that this participant is in, or the number under which it is in doubt.</summary>
    public RoundNumber Round => Phase is ParticipantPhase.Storing or ParticipantPhase.InDoubt ? _number : _round;

    public bool IsGateClosed => Phase is ParticipantPhase.Draining or ParticipantPhase.Drained or ParticipantPhase.Snapped;

    /// <summary>CP-1: who is asked for by name, or has sent a claimed label after its permanent checkpoint, takes a tentative checkpoint.</summary>
    public ImmutableArray<ParticipantEffect> OnJoin(JoinRound join, bool willing, bool quiescent)
    {
        var known = IsGateClosed && _round > LastFinished ? _round : LastFinished;
        if (join.Round <= LastFinished || join.Round < known)
        {
            // Late. If not even its epoch is ours, its coordinator may not know yet that it was superseded.
            return join.Round.Epoch < known.Epoch ? [Send(new YoungerRoundSeen(join.Round, _self, known))] : [];
        }

        if (Phase is ParticipantPhase.Storing or ParticipantPhase.InDoubt)
        {
            // CP-15: it has been told, and joins when it is asked again.
            return _verifying == _number ? [] : [Send(new StillInDoubt(join.Round, _self, _number))];
        }

        var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
        if (IsGateClosed && _round < join.Round)
        {
            // A younger round exists, so the coordinator has given up the one we are in, and we have not voted.
            Leave(effects);
        }

        var orphans = join.Claims.Where(claim => !_ledger.IsValid(claim.LastLabelReceived)).ToImmutableArray();
        if (!orphans.IsEmpty)
        {
            // CP-3: the label belongs to undone work. "Not needed" would make the orphan permanent (SPEC T12).
            effects.Add(Send(new OrphanFound(join.Round, _self, orphans)));
            return effects.ToImmutable();
        }

        if (Phase != ParticipantPhase.Idle)
        {
            effects.Add(Send(JoinedAnswer(join, drained: Phase != ParticipantPhase.Draining)));
            return effects.ToImmutable();
        }

        if (!join.IsInitiator && join.Claims.All(claim => _ledger.PermanentMark.Covers(claim.LastLabelReceived)))
        {
            // CP-2: every claimed message was sent before the permanent checkpoint, which remembers sending it.
            effects.Add(Send(new NotNeeded(join.Round, _self, _ledger.PermanentMark)));
            return effects.ToImmutable();
        }

        if (_rollsBack || _ledger.HasLostCall)
        {
            Finish(join.Round);
            effects.Add(Send(new Refused(join.Round, _self, RefusalReason.RollsBack, "it has to roll back")));
            return effects.ToImmutable();
        }

        if (!willing)
        {
            Finish(join.Round);
            effects.Add(Send(new Refused(join.Round, _self, RefusalReason.Unwilling, "")));
            return effects.ToImmutable();
        }

        _round = join.Round;
        _attempt = 0;
        _attemptAsked = 0;
        Phase = quiescent ? ParticipantPhase.Drained : ParticipantPhase.Draining;
        effects.Add(new CloseGate());
        effects.Add(Send(JoinedAnswer(join, drained: quiescent)));
        if (!quiescent)
        {
            effects.Add(new AwaitQuiescence());
        }

        return effects.ToImmutable();
    }

    /// <summary>No handler is active and no call is outstanding. Called in the very turn that ended the last one.</summary>
    public ImmutableArray<ParticipantEffect> OnQuiescent()
    {
        var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
        if (Phase == ParticipantPhase.Draining)
        {
            Phase = ParticipantPhase.Drained;
            effects.Add(Send(new Joined(_round, _self, Drained: true, _ledger.PermanentMark, _ledger.AllReceipts(), [])));
        }

        if (_attemptAsked > _attempt && IsGateClosed)
        {
            TakeTentative(effects);
        }

        return effects.ToImmutable();
    }

    /// <summary>CP-4: the snapshot is taken at a quiescent instant only, state and ledger in one turn.</summary>
    public ImmutableArray<ParticipantEffect> OnTakeSnapshot(TakeSnapshot take, bool quiescent)
    {
        if (!IsGateClosed || take.Round != _round)
        {
            // A restarted participant knows nothing of the round; one that has gone on with it, or finished it, hears an old message.
            return Phase == ParticipantPhase.Idle && take.Round > LastFinished ? [Send(new NotInRound(take.Round, _self))] : [];
        }

        if (take.Attempt < Math.Max(_attempt, _attemptAsked))
        {
            return [];
        }

        if (take.Attempt == _attempt)
        {
            return [Send(new SnapshotTaken(_round, _self, _attempt, _ledger.Tentative!, _unchanged))];
        }

        _attemptAsked = take.Attempt;
        if (!quiescent)
        {
            return [new AwaitQuiescence()];
        }

        var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
        TakeTentative(effects);
        return effects.ToImmutable();
    }

    /// <summary>The host has copied the state and compared it with the permanent one.</summary>
    public ImmutableArray<ParticipantEffect> OnCaptured(bool stateIsUnchanged)
    {
        var tentative = _ledger.Tentative!;
        _unchanged = stateIsUnchanged && tentative.Receipts.IsEmpty && tentative.Mark.SaysTheSameAs(_ledger.PermanentMark);
        return [Send(new SnapshotTaken(_round, _self, _attempt, tentative, _unchanged))];
    }

    public ImmutableArray<ParticipantEffect> OnCaptureFailed(string detail)
    {
        var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
        var round = _round;
        Leave(effects);
        effects.Add(Send(new Refused(round, _self, RefusalReason.CaptureFailed, detail)));
        return effects.ToImmutable();
    }

    /// <summary>CP-6: gates open before anything is written; the application never waits for stable storage.</summary>
    public ImmutableArray<ParticipantEffect> OnStoreSnapshot(StoreSnapshot store)
    {
        if (Phase == ParticipantPhase.Storing && store.Number == _number)
        {
            return [Send(new StillStoring(_number, _self))];
        }

        if (Phase == ParticipantPhase.InDoubt && store.Number == _number)
        {
            return [Send(new Voted(_number, _self, Yes: true, ""))];
        }

        if (Phase != ParticipantPhase.Snapped || store.Round != _round || store.Attempt != _attempt || store.Incarnation != _ledger.Life.Incarnation)
        {
            return [Send(new NotInRound(store.Number, _self))];
        }

        Phase = ParticipantPhase.Storing;
        _number = store.Number;
        return [new OpenGate(), new WriteSnapshot(_number, _ledger.Tentative!)];
    }

    /// <summary>CP-7: an outcome that nobody knows is a No.</summary>
    public ImmutableArray<ParticipantEffect> OnSnapshotStored(RoundNumber number, bool durable, string detail)
    {
        if (Phase != ParticipantPhase.Storing || number != _number)
        {
            return [];
        }

        if (durable)
        {
            HasStored = true;
            Phase = ParticipantPhase.InDoubt;
            return [Send(new Voted(number, _self, Yes: true, ""))];
        }

        // Having voted No we know the decision: it needs every Yes.
        var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
        Leave(effects);
        effects.Add(Send(new Voted(number, _self, Yes: false, detail)));
        return effects.ToImmutable();
    }

    public ImmutableArray<ParticipantEffect> OnMakePermanent(RoundNumber number)
    {
        if (Phase is not (ParticipantPhase.Storing or ParticipantPhase.InDoubt) || number != _number)
        {
            return [Send(new DecisionLearned(number, _self))];
        }

        if (Phase == ParticipantPhase.Storing)
        {
            throw new ProtocolInvariantViolatedException($"{_ledger.Life} was told that round {number} is committed before it voted.");
        }

        _ledger.MakePermanent();
        Phase = ParticipantPhase.Idle;
        Finish(number);
        return [new AdoptSnapshot(number), Send(new DecisionLearned(number, _self))];
    }

    public ImmutableArray<ParticipantEffect> OnUndoTentative(RoundNumber round)
    {
        var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
        if (Phase != ParticipantPhase.Idle && (round == Round || (IsGateClosed && round > _round)))
        {
            Leave(effects);
        }

        // The Join of this round may still be on its way, also while an earlier round is in doubt here: it comes too late from now on.
        Finish(round);
        effects.Add(Send(new DecisionLearned(round, _self)));
        return effects.ToImmutable();
    }

    public ImmutableArray<ParticipantEffect> OnDecisionAnswered(DecisionAnswered answer) => answer.Decision switch
    {
        _ when Phase is not (ParticipantPhase.Storing or ParticipantPhase.InDoubt) || answer.Round != _number => [],
        Decision.Committed => OnMakePermanent(answer.Round),
        Decision.Aborted when _verifying == answer.Round => [],
        Decision.Aborted => Verify(answer.Round),
        Decision.Forgotten => [new ReportUnknownDecision(answer.Round)],
        _ => [],
    };

    /// <summary>CP-15: the round is not in the record, and no other life has proven it; or that could not be told, and it asks again.</summary>
    public ImmutableArray<ParticipantEffect> OnAbortVerified(RoundNumber number, bool isAborted)
    {
        _verifying = RoundNumber.None;
        return !isAborted || Phase is not (ParticipantPhase.Storing or ParticipantPhase.InDoubt) || number != _number ? [] : OnUndoTentative(number);
    }

    /// <summary>
    /// CP-14: a marker in the free slot proves the permanent checkpoint. Who is in a round proves it by its snapshot, and who has not heard the decision
    /// has nothing to prove yet: both are asked again.
    /// </summary>
    public ImmutableArray<ParticipantEffect> OnProveDecision(ProveDecision prove, RoundNumber permanent) =>
        Phase != ParticipantPhase.Idle || _rollsBack || permanent < prove.Round ? [] : [new WriteMarker(permanent)];

    public ImmutableArray<ParticipantEffect> OnMarkerWritten(RoundNumber permanent, bool stored)
    {
        if (!stored)
        {
            return [];
        }

        HasStored = true;
        return [Send(new DecisionProven(permanent, _self))];
    }

    /// <summary>CP-8: no control message of the present round for the silence limit; those of other rounds, late or of an old coordinator, do not count. Who has not voted may leave; who has, asks.</summary>
    public ImmutableArray<ParticipantEffect> OnSilence()
    {
        switch (Phase)
        {
            case ParticipantPhase.InDoubt:
                return [Send(new AskDecision(_number, _self))];
            case ParticipantPhase.Draining or ParticipantPhase.Drained or ParticipantPhase.Snapped:
                var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
                var round = _round;
                Leave(effects);
                effects.Add(Send(new NotInRound(round, _self)));
                return effects.ToImmutable();
            default:
                return [];
        }
    }

    /// <summary>C6: a rollback ends the part in a round of whoever has not voted. Who votes or has voted first learns the decision.</summary>
    public ImmutableArray<ParticipantEffect> OnPrepareToRollBack()
    {
        _rollsBack = true;
        if (!IsGateClosed)
        {
            return [];
        }

        var effects = ImmutableArray.CreateBuilder<ParticipantEffect>();
        var round = _round;
        Leave(effects);
        effects.Add(Send(new Refused(round, _self, RefusalReason.RollsBack, "it has to roll back")));
        return effects.ToImmutable();
    }

    /// <summary>It turned out to be no orphan.</summary>
    public void OnNeedNotRollBack() => _rollsBack = false;

    private ImmutableArray<ParticipantEffect> Verify(RoundNumber number)
    {
        _verifying = number;
        return [new VerifyAbort(number)];
    }

    private void TakeTentative(ImmutableArray<ParticipantEffect>.Builder effects)
    {
        if (_ledger.HasLostCall)
        {
            effects.AddRange(OnPrepareToRollBack());
            return;
        }

        _attempt = _attemptAsked;
        Phase = ParticipantPhase.Snapped;
        _ledger.TakeTentative();
        effects.Add(new CaptureState(_round, _attempt));
    }

    private Joined JoinedAnswer(JoinRound join, bool drained)
    {
        var firstLabels = join.Claims
            .Select(claim => new FirstLabelSent(claim.Receiver, _ledger.Sent.FirstLabelSent(claim.Receiver)))
            .ToImmutableArray();
        return new Joined(join.Round, _self, drained, _ledger.PermanentMark, _ledger.AllReceipts(), firstLabels);
    }

    private void Leave(ImmutableArray<ParticipantEffect>.Builder effects)
    {
        var gateWasClosed = IsGateClosed;
        var left = Round;
        if (Phase is ParticipantPhase.Snapped or ParticipantPhase.Storing or ParticipantPhase.InDoubt)
        {
            _ledger.UndoTentative();
            effects.Add(new DropSnapshot(left));
        }

        Phase = ParticipantPhase.Idle;
        Finish(left);
        if (gateWasClosed)
        {
            effects.Add(new OpenGate());
        }
    }

    private void Finish(RoundNumber round)
    {
        if (round > LastFinished)
        {
            LastFinished = round;
        }
    }

    private static SendToCoordinator Send(ToCoordinator message) => new(message);
}
