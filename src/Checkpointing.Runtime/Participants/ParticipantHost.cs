using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// Hosts the protocol's participant on one activation and performs its effects: gate, capture, slots, answers. Everything here runs on the
/// activation's scheduler; <see cref="Post"/> and <see cref="PostCare"/> bring control messages there from anywhere (SPEC K22).
/// </summary>
internal sealed class ParticipantHost
{
    private readonly CheckpointedActivation _activation;
    private readonly ParticipantServices _services;
    private readonly CheckpointedStates _states;
    private readonly CapturedStates _captured;
    private readonly ObservedGrain _observed;
    private readonly CheckpointSlots _slots;
    private readonly ParticipantStorage _storage;
    private readonly ParticipantMove _move;
    private readonly ParticipantCare _care;
    private readonly ParticipantStart _start;
    private readonly string _grain;
    private CheckpointParticipant? _participant;
    private long _gateClosedAt;
    private TaskCompletionSource? _whenIdle;

    public ParticipantHost(CheckpointedActivation activation, ParticipantServices services)
    {
        _activation = activation;
        _services = services;
        _states = new CheckpointedStates(activation.Context, services);
        _captured = new CapturedStates(_states, activation);
        _observed = new ObservedGrain(activation.Context, services.Log);
        _slots = new CheckpointSlots(services.Storage, services.StorageName, activation.Context.GrainId, services.DecisionOf);
        _storage = new ParticipantStorage(this, _slots, services);
        _move = new ParticipantMove(this, _slots, services.Here);
        _care = new ParticipantCare(services);
        _start = new ParticipantStart(activation, _states, _captured, _slots, _move, services);
        Rollback = new ParticipantRollback(this, activation, _slots, _observed, services);
        _grain = activation.Context.GrainId.ToString();
    }

    public GrainId GrainId => _activation.Context.GrainId;

    public CheckpointedActivation Activation => _activation;

    /// <summary>Its part in rounds, once it has started.</summary>
    public CheckpointParticipant? Participant => _participant;

    /// <summary>Its part in rollbacks.</summary>
    public ParticipantRollback Rollback { get; }

    /// <summary>Which coordinator's record decides about its checkpoints.</summary>
    public Guid StoreId { get; private set; }

    /// <summary>It stores nothing and answers nothing any more.</summary>
    public bool IsStopped { get; private set; }

    public bool AreChangesLost { get; private set; }

    /// <summary>Whether state, sends or receipts may differ from the permanent checkpoint.</summary>
    public bool MayHaveChanged => _participant is not null && !_activation.IsCertainlyUntouched;

    /// <summary>Whether <see cref="PostCare"/> has something to do. May be asked from any thread.</summary>
    public bool NeedsCare => _participant is { } participant && (participant.Phase != ParticipantPhase.Idle || MustBeKeptAlive || Rollback.NeedsCare);

    private bool MustBeKeptAlive => _participant is not null && !_activation.IsUntouched && _care.IsKeepAliveDue;

    public void Add(ICapturedState state) => _states.Add(state);

    public void Participate(IGrainLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(ParticipantHost), GrainLifecycleStage.SetupState, Start, Stop);
        lifecycle.AddMigrationParticipant(_move);
    }

    public void Post(Guid storeId, ControlMessage message) => _services.InTurnOf(_activation.Context, () => OnMessage(storeId, message));

    public void PostCare() => _care.Post(_activation.Context, TakeCare);

    /// <summary>A control message, on the activation's scheduler, once the activation has started.</summary>
    public void OnMessage(Guid storeId, ControlMessage message)
    {
        if (_participant is not { } participant || IsStopped)
        {
            return;
        }

        StoreId = storeId;
        if (message.Algorithm == ControlAlgorithm.Rollback)
        {
            Rollback.OnMessage(RollbackMessageCodec.DecodeToParticipant(message));
            return;
        }

        var decoded = ControlMessageCodec.DecodeToParticipant(message);
        var (quiescent, before) = (_activation.Turns.IsQuiescent, (participant.Phase, participant.Round));
        var effects = decoded switch
        {
            JoinRound join => participant.OnJoin(join, _observed.IsWilling(), quiescent),
            TakeSnapshot take => participant.OnTakeSnapshot(take, quiescent),
            StoreSnapshot store => participant.OnStoreSnapshot(store),
            MakePermanent make => participant.OnMakePermanent(make.Round),
            UndoTentative undo => participant.OnUndoTentative(undo.Round),
            DecisionAnswered answered => participant.OnDecisionAnswered(answered),
            ProveDecision prove => participant.OnProveDecision(prove, _slots.PermanentRound),
            var other => throw new Protocol.ProtocolInvariantViolatedException($"A participant has no answer to {other}."),
        };
        if (participant.Phase != ParticipantPhase.Idle && (decoded.Round == participant.Round || decoded is StoreSnapshot)
            && (!participant.IsGateClosed || before != (participant.Phase, participant.Round)))
        {
            // CP-8: only what is about the present round breaks the silence, and behind a closed gate only what is new.
            _care.Heard();
        }

        Perform(effects);
    }

    /// <summary>RB-13: what this life takes along to another silo; null if nothing goes along. Throws if it cannot go.</summary>
    public MigratedParticipant? Leave()
    {
        if (_participant is not { } participant || _activation.IsStopped)
        {
            return null;
        }

        if (participant.Phase != ParticipantPhase.Idle)
        {
            throw new InvalidOperationException($"it is still in round {participant.Round}");
        }

        if (_activation.RepeatsOutstanding > 0)
        {
            // RB-20: the next activation would not wait for the copy that is on its way, and could become permanent before that runs.
            _services.Log.ChangesLost(_grain, "a call that was sent again after the loss of a silo is still outstanding", null);
            _activation.LoseCall(isAwaited: true);
        }

        var leaves = _services.Rollbacks.OnLifeMovesAway(_activation.Ledger)
            ? new MigratedParticipant(_activation.Ledger, participant.LastFinished, StoreId, _activation.StateMayDiffer, _captured.PermanentHash, _states.Capture())
            : null;

        // Calls that nobody awaits may still be outstanding. They are not sent again from here.
        _activation.Stop();
        return leaves;
    }

    /// <summary>RB-9: whoever depends on them learns it from the next life.</summary>
    public void OnChangesLost(string detail, Exception? exception)
    {
        AreChangesLost = true;
        _services.Log.ChangesLost(_grain, detail, exception);
        if (_participant is not null)
        {
            _services.Rollbacks.OnLifeStopped(_activation.Ledger.Life);
        }
    }

    private async Task Start(CancellationToken cancellationToken)
    {
        var (participant, storeId) = await _start.Begin(cancellationToken);
        _participant = participant;
        StoreId = storeId ?? StoreId;
        var hasMoved = storeId is not null;
        Rollback.Begin(participant, hasMoved);
        if (hasMoved || _observed.OverridesOnActivate)
        {
            // It may have changes, or will have: so it must not wait for a call of somebody else.
            _services.GrainFactory.GetGrain(GrainId).AsReference<ICheckpointParticipantExtension>().BeInReach().Ignore();
        }

        _activation.OnFirstCall = BeInReach;
    }

    /// <summary>
    /// Only now is it in reach of the agent: while OnActivateAsync runs, nothing may be captured, and no handler counts it.
    /// </summary>
    public void BeInReach()
    {
        if (IsStopped || _activation.OnFirstCall is null)
        {
            return;
        }

        _activation.OnFirstCall = null;
        _start.OnInReach();
        _activation.StateMayHaveChanged |= _observed.OverridesOnActivate && _captured.DifferNow;
        _services.Registry.Add(this);
        Rollback.OnInReach();
    }

    /// <summary>
    /// No handler runs any more, and calls wait for the next activation. Changes that were made outside of calls, in the grain's last moments, count too.
    /// </summary>
    private async Task Stop(CancellationToken cancellationToken)
    {
        var departure = new Departure(this, _move, _services);
        try
        {
            if (Rollback.MustRollBack && !IsStopped)
            {
                // Nothing of it can become permanent; whoever depends on it learns that from the next life.
                _activation.Stop();
                _services.Rollbacks.OnLifeStopped(_activation.Ledger.Life);
            }
            else if (!IsStopped && _participant is not null)
            {
                await SaveChanges(departure, cancellationToken);
            }

            // Also if it was replaced: the next life must not meet a write that still lands.
            do
            {
                await _slots.WhenWritten().WaitAsync(cancellationToken);
                await LeaveRound(cancellationToken);
            }
            while (!_slots.WhenWritten().IsCompleted);
        }
        catch (Exception exception)
        {
            if (!IsStopped)
            {
                OnChangesLost(exception.Message, exception);
            }
        }
        finally
        {
            IsStopped = true;
            _services.Registry.Remove(this);
            _ = departure.Conclude();
        }
    }

    /// <summary>What OnActivateAsync did counts only if a call has come since.</summary>
    private async Task SaveChanges(Departure departure, CancellationToken cancellationToken)
    {
        var hasBegun = _activation.OnFirstCall is null;
        var failure = hasBegun ? null : _start.UndoActivation();
        if (failure is null && (MayHaveChanged || (hasBegun && _captured.DifferNow)))
        {
            BeInReach();
            failure = await departure.TryCheckpoint(cancellationToken);
            if (failure is not null && await departure.TryMoveAway(failure, cancellationToken))
            {
                return;
            }
        }

        if (failure is not null)
        {
            OnChangesLost(failure, null);
        }
    }

    /// <summary>
    /// K10: private fields and timers of this activation hold undone work, so another one takes its place. The runtime gives it what has not been admitted here.
    /// </summary>
    public void Replace(string reason)
    {
        IsStopped = true;
        _services.Registry.Remove(this);
        _activation.Stop();
        _activation.Turns.RejectWaiting(() => Undone.NotRun(GrainId));
        _activation.Context.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, reason));
    }

    /// <summary>Who has not voted leaves; who has waits for the decision, and asks for it.</summary>
    private async Task LeaveRound(CancellationToken cancellationToken)
    {
        Rollback.GoOn();
        while (!IsStopped && _participant is { } participant && participant.Phase != ParticipantPhase.Idle)
        {
            _whenIdle = new TaskCompletionSource();
            Perform(participant.OnSilence());
            try
            {
                await _whenIdle.Task.WaitAsync(_services.Options.DecisionPollInterval, _services.Time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Asks again.
            }
        }
    }

    /// <summary>Looks after silence and keeps a changed grain alive.</summary>
    private void TakeCare()
    {
        if (_participant is not { } participant || IsStopped)
        {
            return;
        }

        if (_care.IsSilenceOver(participant.Phase))
        {
            Perform(participant.OnSilence());
        }

        Rollback.TakeCare();
        _activation.Turns.CaptureIfQuiescent();
        if (MustBeKeptAlive)
        {
            _care.KeepAlive(_activation.Context);
        }
    }

    public void Perform(ImmutableArray<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case CloseGate:
                    _activation.Turns.Close();
                    _services.Log.GateClosed(GrainId, _participant!.IsGateClosed ? $"joined round {_participant.Round}" : "may have to roll back");
                    _gateClosedAt = _services.Time.GetTimestamp();
                    break;
                case OpenGate:
                    _activation.Turns.ForgetCapture();
                    _activation.Turns.Open();
                    _services.Metrics.GateOpened(_services.Time.GetElapsedTime(_gateClosedAt));
                    break;
                case AwaitQuiescence:
                    _activation.Turns.WhenQuiescent(() => Perform(_participant!.OnQuiescent().AddRange(Rollback.OnQuiescent())));
                    break;
                case CaptureState capture:
                    Capture(capture);
                    return;
                case WriteSnapshot write:
                    _services.Watch(_grain, _storage.Store(write, _captured.Copy));
                    break;
                case WriteMarker marker:
                    _services.Watch(_grain, _storage.Mark(marker));
                    break;
                case VerifyAbort verify:
                    _services.Watch(_grain, _storage.Verify(verify.Number));
                    break;
                case AdoptSnapshot adopt:
                    _slots.Adopt();
                    _captured.MakePermanent();
                    _activation.ForgetPeers();
                    _services.Log.MadePermanent(GrainId, adopt.Number);
                    _observed.Tell(observer => observer.OnMadePermanent(adopt.Number.ToString()));
                    break;
                case DropSnapshot drop:
                    _slots.Drop();
                    _captured.Undo();
                    _activation.RememberPeers();
                    _services.Log.TentativeUndone(GrainId, drop.Number);
                    _observed.Tell(observer => observer.OnTentativeCheckpointUndone(drop.Number.ToString()));
                    break;
                case SendToCoordinator send:
                    _services.Outbox.Send(send.Message, send.Message is Voted { Yes: true } ? _captured.Bytes : 0);
                    break;
                case ReportUnknownDecision report:
                    _services.Log.DecisionUnknown(_grain, report.Number.ToString());
                    break;
                default:
                    if (!Rollback.Perform(effect))
                    {
                        return;
                    }

                    break;
            }
        }

        if (Rollback.OnStep() is { IsEmpty: false } next)
        {
            Perform(next);
        }

        if (_whenIdle is not null && _participant!.Phase == ParticipantPhase.Idle)
        {
            _whenIdle.TrySetResult();
        }
    }

    /// <summary>In the turn of the effect, so that nothing can run between the ledger's mark and the copy of the state.</summary>
    private void Capture(CaptureState capture)
    {
        try
        {
            _captured.Take();
        }
        catch (Exception exception)
        {
            _services.Log.CaptureFailed(_grain, capture.Round.ToString(), exception);
            Perform(_participant!.OnCaptureFailed($"its state cannot be serialized: {exception.Message}"));
            return;
        }

        _services.Log.TentativeTaken(GrainId, capture.Round);
        _observed.Tell(observer => observer.OnTentativeCheckpointTaken(capture.Round.ToString()));
        Perform(_participant!.OnCaptured(_captured.IsUnchanged));
    }
}
