using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Hosts the participant of one actor: performs its effects, keeps its slots, restarts it.</summary>
internal sealed class ParticipantHost
{
    private readonly CheckpointedActor _actor;
    private readonly List<ToParticipant> _beforeLoaded = [];
    private readonly ParticipantMutants _mutants;
    private readonly SlotDecision _slotDecision;
    private CheckpointParticipant _participant = null!;
    private ParticipantSlots _slots = null!;
    private bool _awaitsQuiescence;
    private ActorState? _captured;
    private long _lastControl;
    private bool _watchesSilence;
    private int _markersOnTheWay;

    public ParticipantHost(CheckpointedActor actor)
    {
        _actor = actor;
        _mutants = new ParticipantMutants(actor);
        Rollback = new ParticipantRollback(actor, _mutants);
        _slotDecision = new SlotDecision(actor, Begin, ReadSlots);
    }

    private SimulatedCluster Cluster => _actor.Cluster;

    public bool IsLoaded { get; private set; }

    public Ledger Ledger { get; private set; } = null!;

    public CheckpointParticipant Participant => _participant;

    public ParticipantRollback Rollback { get; }

    public int PermanentLastChange { get; private set; }

    public ActorState PermanentState { get; private set; } = new();

    public bool IsGateClosed => IsLoaded && (_participant.IsGateClosed || Rollback.Requested.IsGateClosed);

    public StepOfRound Step => !IsLoaded ? StepOfRound.Idle : _actor.IsMoving ? StepOfRound.Moving : _participant.Phase switch
    {
        ParticipantPhase.Draining => StepOfRound.Draining,
        ParticipantPhase.Drained => StepOfRound.Drained,
        ParticipantPhase.Snapped => StepOfRound.Snapped,
        ParticipantPhase.Storing => StepOfRound.Storing,
        ParticipantPhase.InDoubt => StepOfRound.InDoubt,
        _ => _markersOnTheWay > 0 ? StepOfRound.Proving : StepOfRound.Idle,
    };

    /// <summary>A write of this life is on its way: whoever leaves awaits it, or it could land after the next life has read.</summary>
    public bool IsWriting => _slots.IsWriting;

    /// <summary>In no round and no rollback, and nothing is on its way to a slot.</summary>
    public bool MayMove => IsLoaded && _participant.Phase == ParticipantPhase.Idle && Rollback.Algorithm.Phase == RollbackPhase.Running
        && !Rollback.Requested.IsGateClosed && !IsWriting;

    /// <summary>The life that has left the other activation goes on here.</summary>
    public void Resume(ParticipantHost left)
    {
        _slots = left._slots.For(_actor);
        PermanentState = left.PermanentState;
        PermanentLastChange = left.PermanentLastChange;
        Ledger = Ledger.Resume(
            new Life(_actor.Id, left.Ledger.Life.Incarnation, _actor.Silo.Id), left.Ledger.LastSequence, left.Ledger.PermanentMark,
            left.Ledger.Received.ToImmutable(),
            left.Ledger.Sent.Freeze(), left.Ledger.CallsUnsaved,
            Cluster.Settings.LivesRemembered);
        _participant = new CheckpointParticipant(Ledger, left._participant.LastFinished);
        Rollback.Create(Ledger, _participant, _slots);
        IsLoaded = true;
        Cluster.Trace.Line($"{Ledger.Life} goes on on {_actor.Silo}");
        Rollback.Resume(left.Rollback);
    }

    /// <summary>A life begins: it reads both slots and, if the newest is in doubt, asks for its decision first.</summary>
    public void Load()
    {
        Cluster.Judges.Gates.OnOpened(_actor.ToString(), _actor.Silo.Process.TimeRun);
        _actor.Silo.Process.WhenRunning(ReadSlots);
    }

    private void ReadSlots()
    {
        _slots = new ParticipantSlots(_actor);
        _slots.Load(choice =>
        {
            if (_actor.IsDead)
            {
                return;
            }

            switch (choice)
            {
                case SlotChosen chosen:
                    Begin(chosen.Permanent);
                    break;
                case SlotInDoubt doubt:
                    _slotDecision.Await(doubt);
                    break;
                case SlotDamaged damaged:
                    Cluster.Judges.Report("permanent checkpoints", $"{_actor.Name} has lost the slot on which {damaged.Newest.Round} is based");
                    break;
            }
        });
    }

    public void Receive(ToParticipant message)
    {
        if (Cluster.CrashesEverythingNow() || Cluster.Silos.CrashesNow(_actor.Silo) || _actor.IsDead || _actor.IsMoving || Rollback.IsReplaced)
        {
            return;
        }

        if (!IsLoaded)
        {
            if (!_slotDecision.Takes(message))
            {
                _beforeLoaded.Add(message);
            }

            return;
        }

        Cluster.Trace.Line($"{_actor.Name} <= {ControlText.Of(message)}");
        var inDoubt = _participant.Phase is ParticipantPhase.Storing or ParticipantPhase.InDoubt ? _participant.Round : RoundNumber.None;
        if (message is not DecisionAnswered { Decision: Decision.Aborted })
        {
            Cluster.Judges.Decisions.OnBelieved(_actor.Name, message, inDoubt);
        }

        var before = (_participant.Phase, _participant.Round);
        var effects = Handle(message);
        if ((message.Round == _participant.Round || before.Phase == ParticipantPhase.Idle) && (!_participant.IsGateClosed || before != (_participant.Phase, _participant.Round)))
        {
            // CP-8: a message about another round is no sign that the coordinator of ours is alive, nor is one that says nothing new.
            _lastControl = Cluster.Time.Now;
        }

        Perform(effects);
        Perform(Rollback.Algorithm.OnDecided());
        WatchSilence();
        if (message is JoinRound && Step == StepOfRound.Drained && _actor.MayRestart && Cluster.Faults.RestartsWhenClean())
        {
            Cluster.RestartWhenClean(_actor);
        }

        if (IsLoaded)
        {
            _actor.Pump();
        }
    }

    public void OnQuiescent()
    {
        if (_awaitsQuiescence)
        {
            _awaitsQuiescence = false;
            Perform(_participant.OnQuiescent());
            Perform(Rollback.Requested.OnQuiescent());
        }
    }

    private ImmutableArray<ParticipantEffect> Handle(ToParticipant message)
    {
        switch (message)
        {
            case JoinRound join:
                if (_mutants.BeforeJoin(_participant, Ledger) is var forgetful && forgetful != _participant)
                {
                    _participant = forgetful;
                    Rollback.Create(Ledger, _participant, _slots);
                }

                return _participant.OnJoin(_mutants.Believed(join, Ledger), !Cluster.Faults.IsUnwilling(), _actor.IsQuiescent);
            case TakeSnapshot take:
                return _participant.OnTakeSnapshot(take, _actor.IsQuiescent);
            case StoreSnapshot store:
                return _participant.OnStoreSnapshot(store);
            case MakePermanent permanent:
                return _participant.OnMakePermanent(permanent.Round);
            case UndoTentative undo:
                return _participant.OnUndoTentative(undo.Round);
            case DecisionAnswered answered:
                return _participant.OnDecisionAnswered(answered);
            case ProveDecision prove:
                return _mutants.Prove(prove, _participant, _slots.PermanentRound) ?? _participant.OnProveDecision(prove, _slots.PermanentRound);
            default:
                throw new InvalidOperationException($"{message} is no message to a participant.");
        }
    }

    public void Perform(ImmutableArray<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (Cluster.CrashesEverythingNow() || Cluster.Silos.CrashesNow(_actor.Silo) || _actor.IsDead || Rollback.IsReplaced)
            {
                return;
            }

            switch (effect)
            {
                case CloseGate:
                    Cluster.Judges.Gates.OnClosed(_actor.ToString(), _actor.Silo.Process.TimeRun);
                    break;
                case OpenGate:
                    Cluster.Judges.Gates.OnOpened(_actor.ToString(), _actor.Silo.Process.TimeRun);
                    _actor.Pump();
                    break;
                case AwaitQuiescence:
                    _awaitsQuiescence = true;
                    break;
                case CaptureState:
                    if (!Capture())
                    {
                        Perform(_participant.OnCaptureFailed("the state could not be copied"));
                        return;
                    }

                    Perform(_participant.OnCaptured(_captured!.LastChange == PermanentLastChange));
                    break;
                case WriteSnapshot write:
                    Write(write);
                    Cluster.Silos.LoseWhileInDoubt(_actor.Silo, falsely: 0.9);
                    break;
                case WriteMarker marker:
                    WriteMarker(marker.Permanent);
                    break;
                case VerifyAbort verify:
                    new AbortVerification(_actor, _slots, _participant).Begin(verify.Number);
                    break;
                case AdoptSnapshot adopt:
                    Adopt(adopt.Number);
                    break;
                case DropSnapshot:
                    _mutants.AfterUndo(Ledger);
                    break;
                case SendToCoordinator { Message: NotNeeded notNeeded } when _mutants.Pretended(notNeeded) is { } pretended:
                    Cluster.Network.SendToCoordinator(_actor, pretended);
                    break;
                case SendToCoordinator send:
                    Cluster.Trace.Line($"{_actor.Name} => {ControlText.Of(send.Message)}");
                    Cluster.Network.SendToCoordinator(_actor, send.Message);
                    break;
                case ReportUnknownDecision unknown:
                    Cluster.Judges.Report("decisions", $"{_actor.Name} was told that round {unknown.Number} is forgotten");
                    break;
                default:
                    if (!Rollback.Perform(effect))
                    {
                        return;
                    }

                    break;
            }
        }
    }

    private bool Capture()
    {
        if (Cluster.Faults.CaptureFails())
        {
            return false;
        }

        _captured = _actor.State.Copy();
        _mutants.AfterTentative(Ledger);
        return true;
    }

    private void Write(WriteSnapshot write)
    {
        var state = _captured!;
        var slots = _slots;
        var basedOn = slots.PermanentRound;
        Cluster.Judges.Writes.OnSlotWrite(_actor.Name, write.Number, state, PermanentState);
        slots.Write(write.Number, write.Snapshot.Mark, state, (isDurable, detail) =>
        {
            if (_actor.IsDead)
            {
                return;
            }

            if (isDurable)
            {
                if (!basedOn.IsNone)
                {
                    // This slot names the round it is based on, so nobody has to ask for that decision again.
                    Cluster.Network.SendToCoordinator(_actor, new DecisionProven(basedOn, _actor.Id));
                }
            }

            Perform(_participant.OnSnapshotStored(write.Number, isDurable, detail));
            Perform(Rollback.Algorithm.OnDecided());
            if (detail == ParticipantSlots.Superseded)
            {
                Perform(Rollback.Algorithm.OnFenced(FenceOutcome.Superseded));
            }
        });
    }

    private void WriteMarker(RoundNumber permanent)
    {
        Cluster.Judges.Writes.OnProving(_actor);
        _markersOnTheWay++;
        Cluster.Silos.MayBeDisturbed(_actor.Silo, factor: 4);
        _slots.Fence(Ledger.PermanentMark, StepOfRound.Proving, outcome =>
        {
            _markersOnTheWay--;
            if (_actor.IsDead)
            {
                return;
            }

            Cluster.Trace.Line($"{_actor.Name} marks {permanent} as permanent: {outcome}");
            Perform(outcome == FenceOutcome.Superseded ? Rollback.Algorithm.OnFenced(outcome) : _participant.OnMarkerWritten(permanent, outcome == FenceOutcome.Stored));
        });
    }

    private void Adopt(RoundNumber number)
    {
        _slots.Adopt(number);
        PermanentState = _captured!;
        PermanentLastChange = _captured!.LastChange;
        _mutants.AfterCommit(Ledger, number);
        Cluster.Trace.Line($"{_actor.Name} made its tentative checkpoint of round {number} permanent: {Ledger.PermanentMark}");
    }

    /// <summary>Participants have timers of their own (SPEC K26): who has not voted leaves, who has voted asks.</summary>
    public void WatchSilence()
    {
        if (_watchesSilence || !IsLoaded || (_participant.Phase == ParticipantPhase.Idle && Rollback.Algorithm.Phase == RollbackPhase.Running && !Rollback.Requested.IsGateClosed))
        {
            return;
        }

        _watchesSilence = true;
        _actor.Silo.Process.After(SimulatedCluster.AskInterval, () =>
        {
            _watchesSilence = false;
            if (!_actor.IsDead && IsLoaded)
            {
                if (Cluster.Time.Now - _lastControl >= (_participant.IsGateClosed ? SimulatedCluster.SilenceLimit : SimulatedCluster.AskInterval))
                {
                    _lastControl = Cluster.Time.Now;
                    Perform(_participant.OnSilence());
                    Perform(Rollback.Algorithm.OnSilence());
                }

                if (IsLoaded && !_actor.IsDead)
                {
                    Rollback.OnSilence();
                }
            }

            if (!_actor.IsDead)
            {
                WatchSilence();
            }
        });
    }

    private void Begin(SlotHead? permanent)
    {
        var record = _slots.StartFrom(permanent);
        PermanentState = record?.State ?? new ActorState();
        PermanentLastChange = PermanentState.LastChange;
        _actor.Restore(record?.State);
        var life = new Life(_actor.Id, new Incarnation(Cluster.Mutation == Mutation.LivesNotOrdered ? 1 : _slots.NextLifeGeneration, Cluster.Random.NextGuid()), _actor.Silo.Id);
        _slots.Writer = life.Incarnation;
        Cluster.Judges.Rollbacks.OnBegan(_actor);
        Ledger = new Ledger(life, permanent?.Mark ?? CheckpointMark.Initial, Cluster.Settings.LivesRemembered);
        _participant = new CheckpointParticipant(Ledger, permanent?.Round ?? RoundNumber.None);
        Rollback.Create(Ledger, _participant, _slots);
        IsLoaded = true;
        Cluster.Trace.Line($"{life} starts from {(permanent is null ? "its initial state" : $"round {permanent.Round}, {permanent.Mark}")}");
        Cluster.Judges.Permanent.OnRestarted(_actor, PermanentState);
        var held = _beforeLoaded.ToList();
        _beforeLoaded.Clear();
        foreach (var message in held)
        {
            Receive(message);
        }

        Rollback.Begin();
        _actor.Pump();
    }
}
