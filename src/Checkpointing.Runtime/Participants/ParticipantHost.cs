using System.Collections.Immutable;
using System.IO.Hashing;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
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
    private static readonly TimeSpan KeepAliveStep = TimeSpan.FromMinutes(2);

    private readonly CheckpointedActivation _activation;
    private readonly ParticipantServices _services;
    private readonly List<ICapturedState> _states = [];
    private readonly CheckpointSlots _slots;
    private readonly string _grain;
    private CheckpointParticipant? _participant;
    private ImmutableArray<(string Name, byte[] Bytes)> _captured;
    private ImmutableArray<(string Name, byte[] Bytes)> _unknownStates = [];
    private UInt128 _permanentHash;
    private UInt128 _capturedHash;
    private bool _changedBeforeCapture;
    private Guid _storeId;
    private long _lastHeard;
    private long _gateClosedAt;
    private long _keptAliveAt;
    private bool _isStopped;

    public ParticipantHost(CheckpointedActivation activation, ParticipantServices services)
    {
        _activation = activation;
        _services = services;
        _slots = new CheckpointSlots(services.Storage, services.StorageName, activation.Context.GrainId);
        _grain = activation.Context.GrainId.ToString();
    }

    public GrainId GrainId => _activation.Context.GrainId;

    /// <summary>Whether state, sends or receipts may differ from the permanent checkpoint.</summary>
    public bool MayHaveChanged => _participant is not null && !_activation.IsUntouched;

    /// <summary>Whether <see cref="PostCare"/> has something to do. May be asked from any thread.</summary>
    public bool NeedsCare => _participant is { } participant && (participant.Phase != ParticipantPhase.Idle || MayHaveChanged);

    private ICheckpointObserver? Observer => _activation.Context.GrainInstance as ICheckpointObserver;

    public void Add(ICapturedState state)
    {
        if (_states.Exists(other => other.Name == state.Name))
        {
            throw new InvalidOperationException(
                $"Grain class {_activation.Context.GrainInstance?.GetType() ?? (object)GrainId.Type} has two checkpointed states named '{state.Name}'. Give each its own name.");
        }

        _states.Add(state);
    }

    public void Participate(IGrainLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(ParticipantHost), GrainLifecycleStage.SetupState, Start, Stop);

    public void Post(Guid storeId, ControlMessage message) => _activation.Context.Scheduler.QueueAction(() => OnMessage(storeId, message));

    public void PostCare() => _activation.Context.Scheduler.QueueAction(TakeCare);

    /// <summary>A control message, on the activation's scheduler, once the activation has started.</summary>
    public void OnMessage(Guid storeId, ControlMessage message)
    {
        if (_participant is not { } participant || _isStopped)
        {
            return;
        }

        _storeId = storeId;
        var quiescent = _activation.Turns.IsQuiescent;
        var decoded = ControlMessageCodec.DecodeToParticipant(message);
        Perform(decoded switch
        {
            JoinRound join => participant.OnJoin(join, Observer?.WillingToCheckpoint() ?? true, quiescent),
            TakeSnapshot take => participant.OnTakeSnapshot(take, quiescent),
            StoreSnapshot store => participant.OnStoreSnapshot(store),
            MakePermanent make => participant.OnMakePermanent(make.Round),
            UndoTentative undo => participant.OnUndoTentative(undo.Round),
            DecisionAnswered answered => participant.OnDecisionAnswered(answered),
            var other => throw new Protocol.ProtocolInvariantViolatedException($"A participant has no answer to {other}."),
        });
        if (decoded.Round == participant.Round || decoded is StoreSnapshot)
        {
            // Only the present round breaks the silence (CP-8).
            _lastHeard = _services.Time.GetTimestamp();
        }
    }

    /// <summary>Starts a new life from the permanent checkpoint.</summary>
    private async Task Start(CancellationToken cancellationToken)
    {
        var permanent = await new PermanentCheckpointLoader(_services, _slots, GrainId).Load(cancellationToken);
        _slots.Choose(permanent?.Head);
        Restore(permanent);
        var incarnation = new Incarnation(_slots.NextGeneration(), Guid.NewGuid());
        var ledger = new Ledger(new Life(GrainId.ToParticipantId(), incarnation), permanent?.Head.Mark ?? CheckpointMark.Initial);
        _activation.Ledger = ledger;
        _activation.StateMayHaveChanged = false;
        _participant = new CheckpointParticipant(ledger, _slots.LastRound);
        _activation.OnFirstCall = BeInReach;
    }

    /// <summary>
    /// Only now is it in reach of the agent: while OnActivateAsync runs, nothing may be captured, and no handler counts it. What it may have changed is
    /// looked at by the next round.
    /// </summary>
    public void BeInReach()
    {
        if (_isStopped || _activation.OnFirstCall is null)
        {
            return;
        }

        _activation.OnFirstCall = null;
        _activation.StateMayHaveChanged |= OverridesOnActivate(_activation.Context.GrainInstance!.GetType());
        _services.Registry.Add(this);
    }

    private static bool OverridesOnActivate(Type grainClass) =>
        grainClass.GetMethod(nameof(IGrainBase.OnActivateAsync), [typeof(CancellationToken)])?.DeclaringType != typeof(Grain);

    /// <summary>Until images of live grains can be parked, a grain that goes has its changes checkpointed first (DESIGN §8).</summary>
    private async Task Stop(CancellationToken cancellationToken)
    {
        try
        {
            if (MayHaveChanged && !_isStopped)
            {
                var result = await _services.GrainFactory.GetCheckpointCoordinator().Checkpoint(GrainId, cancellationToken);
                if (result.Status == CheckpointStatus.Aborted)
                {
                    _services.Log.ChangesLost(_grain, result.Detail, null);
                }
            }
        }
        catch (Exception exception)
        {
            _services.Log.ChangesLost(_grain, exception.Message, exception);
        }
        finally
        {
            _isStopped = true;
            _services.Registry.Remove(this);
        }
    }

    private void Restore(SlotRecord? permanent)
    {
        foreach (var (name, bytes) in permanent?.States ?? [])
        {
            if (_states.Find(state => state.Name == name) is not { } state)
            {
                // A state that this version of the grain does not have any more stays in the record: nothing is lost by a deployment.
                _unknownStates = _unknownStates.Add((name, bytes));
                continue;
            }

            try
            {
                state.Restore(bytes);
            }
            catch (Exception exception)
            {
                throw new CheckpointedStateIncompatibleException(
                    $"State '{name}' of grain {GrainId}, stored in storage '{_services.StorageName}' by round {permanent!.Head.Round}, cannot be read into the state type of the running code: "
                    + $"{exception.Message} Nothing was overwritten and the grain does not start. Deploy code that can read it, or migrate the record.",
                    exception)
                {
                    GrainId = GrainId,
                    Round = permanent.Head.Round.ToString(),
                };
            }
        }

        _permanentHash = permanent is null ? Hash(CaptureAll()) : Hash(permanent.States);
    }

    /// <summary>Looks after silence and keeps a changed grain alive.</summary>
    private void TakeCare()
    {
        if (_participant is not { } participant || _isStopped)
        {
            return;
        }

        var silence = _services.Time.GetElapsedTime(_lastHeard);
        var limit = participant.Phase == ParticipantPhase.InDoubt ? _services.Options.DecisionPollInterval : _services.Options.MaxPause * 2;
        if (participant.Phase != ParticipantPhase.Idle && silence > limit)
        {
            _lastHeard = _services.Time.GetTimestamp();
            Perform(participant.OnSilence());
        }

        if (MayHaveChanged && (_keptAliveAt == 0 || _services.Time.GetElapsedTime(_keptAliveAt) > KeepAliveStep / 2))
        {
            _keptAliveAt = _services.Time.GetTimestamp();
            _services.GrainRuntime.DelayDeactivation(_activation.Context, KeepAliveStep);
        }
    }

    private void Perform(ImmutableArray<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case CloseGate:
                    _activation.Turns.Close();
                    _gateClosedAt = _services.Time.GetTimestamp();
                    break;
                case OpenGate:
                    _activation.Turns.ForgetCapture();
                    _activation.Turns.Open();
                    _services.Metrics.GateOpened(_services.Time.GetElapsedTime(_gateClosedAt));
                    break;
                case AwaitQuiescence:
                    _activation.Turns.WhenQuiescent(() => Perform(_participant!.OnQuiescent()));
                    break;
                case CaptureState capture:
                    Capture(capture);
                    return;
                case WriteSnapshot write:
                    _ = Write(write, _captured);
                    break;
                case AdoptSnapshot adopt:
                    _slots.Adopt();
                    _permanentHash = _capturedHash;
                    _captured = default;
                    Observer?.OnMadePermanent(adopt.Number.ToString());
                    break;
                case DropSnapshot drop:
                    _slots.Drop();
                    _activation.StateMayHaveChanged |= _changedBeforeCapture;
                    _changedBeforeCapture = false;
                    _captured = default;
                    Observer?.OnTentativeCheckpointUndone(drop.Number.ToString());
                    break;
                case SendToCoordinator send:
                    _services.Outbox.Send(send.Message, send.Message is Voted { Yes: true } ? _captured.Sum(state => (long)state.Bytes.Length) : 0);
                    break;
                case ReportUnknownDecision report:
                    _services.Log.DecisionUnknown(_grain, report.Number.ToString());
                    break;
            }
        }
    }

    /// <summary>In the turn of the effect, so that nothing can run between the ledger's mark and the copy of the state.</summary>
    private void Capture(CaptureState capture)
    {
        try
        {
            _captured = CaptureAll();
        }
        catch (Exception exception)
        {
            _services.Log.CaptureFailed(_grain, capture.Round.ToString(), exception);
            Perform(_participant!.OnCaptureFailed($"its state cannot be serialized: {exception.Message}"));
            return;
        }

        _capturedHash = Hash(_captured);
        _changedBeforeCapture |= _activation.StateMayHaveChanged;
        _activation.StateMayHaveChanged = false;
        Observer?.OnTentativeCheckpointTaken(capture.Round.ToString());
        Perform(_participant!.OnCaptured(_capturedHash == _permanentHash));
    }

    private async Task Write(WriteSnapshot write, ImmutableArray<(string Name, byte[] Bytes)> states)
    {
        var baseRound = _slots.Permanent?.Round ?? RoundNumber.None;
        var head = new SlotHead(_slots.NextGeneration(), write.Number, baseRound, write.Snapshot.Mark);
        var life = _activation.Ledger.Life.Incarnation;
        var (outcome, detail) = await _slots.Write(new SlotRecord(head, _storeId, life, write.Snapshot.Receipts, states));
        _services.Metrics.SlotWritten(outcome);
        if (outcome == SlotWriteOutcome.Stored && !baseRound.IsNone)
        {
            _services.Outbox.Send(new DecisionProven(baseRound, GrainId.ToParticipantId()));
        }

        Perform(_participant!.OnSnapshotStored(write.Number, outcome == SlotWriteOutcome.Stored, detail));
        if (outcome == SlotWriteOutcome.Superseded)
        {
            _isStopped = true;
            _services.Log.Superseded(_grain, detail);
            _activation.Context.Deactivate(new DeactivationReason(DeactivationReasonCode.DuplicateActivation, detail));
        }
    }

    private ImmutableArray<(string Name, byte[] Bytes)> CaptureAll() => [.. _states.Select(state => (state.Name, state.Capture())), .. _unknownStates];

    private static UInt128 Hash(ImmutableArray<(string Name, byte[] Bytes)> states)
    {
        var hash = new XxHash128();
        foreach (var (name, bytes) in states.OrderBy(state => state.Name, StringComparer.Ordinal))
        {
            hash.Append(System.Text.Encoding.UTF8.GetBytes(name));
            hash.Append(BitConverter.GetBytes(bytes.Length));
            hash.Append(bytes);
        }

        return hash.GetCurrentHashAsUInt128();
    }
}
