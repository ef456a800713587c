using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Hosts the participant of one actor: performs its effects, keeps its slots, restarts it.</summary>
internal sealed class ParticipantHost(CheckpointedActor actor)
{
    private readonly List<ToParticipant> _beforeLoaded = [];
    private readonly List<ToRollbackParticipant> _rollbackBeforeLoaded = [];
    private readonly ParticipantMutants _mutants = new(actor);
    private CheckpointParticipant _participant = null!;
    private ParticipantSlots _slots = null!;
    private SlotInDoubt? _inDoubt;
    private bool _awaitsQuiescence;
    private ActorState? _captured;
    private long _lastControl;
    private long _began;
    private bool _watchesSilence;
    private bool _isFencing;

    private SimulatedCluster Cluster => actor.Cluster;

    public bool IsLoaded { get; private set; }

    public Ledger Ledger { get; private set; } = null!;

    public CheckpointParticipant Participant => _participant;

    public RollbackParticipant Rollback { get; private set; } = null!;

    public int PermanentLastChange { get; private set; }

    public ActorState PermanentState { get; private set; } = new();

    public bool IsGateClosed => IsLoaded && _participant.IsGateClosed;

    /// <summary>Where it stands in a rollback; null if it takes no part in one.</summary>
    public StepOfRound? RollbackStep => !IsLoaded ? null : Rollback.Phase switch
    {
        RollbackPhase.AwaitingDecision => StepOfRound.AwaitingDecision,
        RollbackPhase.Ready => StepOfRound.ReadyToRollBack,
        _ => _isFencing ? StepOfRound.Fencing : null,
    };

    public StepOfRound Step => !IsLoaded ? StepOfRound.Idle : _participant.Phase switch
    {
        ParticipantPhase.Draining => StepOfRound.Draining,
        ParticipantPhase.Drained => StepOfRound.Drained,
        ParticipantPhase.Snapped => StepOfRound.Snapped,
        ParticipantPhase.Storing => StepOfRound.Storing,
        ParticipantPhase.InDoubt => StepOfRound.InDoubt,
        _ => StepOfRound.Idle,
    };

    /// <summary>A life begins: it reads both slots and, if the newest is in doubt, asks for its decision first.</summary>
    public void Load()
    {
        Cluster.Judges.Gates.OnOpened(actor.ToString(), Cluster.Time.Now);
        _slots = new ParticipantSlots(actor);
        _slots.Load(choice =>
        {
            if (actor.IsDead)
            {
                return;
            }

            switch (choice)
            {
                case SlotChosen chosen:
                    Begin(chosen.Permanent);
                    break;
                case SlotInDoubt doubt:
                    _inDoubt = doubt;
                    AskUntilResolved(doubt);
                    break;
                case SlotDamaged damaged:
                    Cluster.Judges.Report("permanent checkpoints", $"{actor.Name} has lost the slot on which {damaged.Newest.Round} is based");
                    break;
            }
        });
    }

    public void Receive(ToParticipant message)
    {
        if (Cluster.CrashesEverythingNow() || Cluster.SiloCrashesNow(actor.Silo) || actor.IsDead)
        {
            return;
        }

        if (!IsLoaded)
        {
            if (message is DecisionAnswered answer && _inDoubt is { } doubt && answer.Round == doubt.Round)
            {
                OnDecisionOfSlot(doubt, answer.Decision);
            }
            else
            {
                _beforeLoaded.Add(message);
            }

            return;
        }

        if (message.Round == _participant.Round || _participant.Phase == ParticipantPhase.Idle)
        {
            // A message about another round is no sign that the coordinator of ours is alive.
            _lastControl = Cluster.Time.Now;
        }

        Cluster.Trace.Line($"{actor.Name} <= {ControlText.Of(message)}");
        var inDoubt = _participant.Phase is ParticipantPhase.Storing or ParticipantPhase.InDoubt ? _participant.Round : RoundNumber.None;
        Cluster.Judges.Decisions.OnTold(actor.Name, message, inDoubt);
        Perform(Handle(message));
        Perform(Rollback.OnDecided());
        WatchSilence();
        if (message is JoinRound && Step == StepOfRound.Drained && actor.MayRestart && Cluster.Faults.RestartsWhenClean())
        {
            Cluster.RestartWhenClean(actor);
        }

        if (IsLoaded)
        {
            actor.Pump();
        }
    }

    public void OnEndsInstalled() => Perform(Rollback.OnEndsInstalled());

    /// <summary>A life that began shortly before may have taken the place of one on that silo.</summary>
    public void OnSiloGone()
    {
        if (IsLoaded && Cluster.Time.Now - _began <= SimulatedCluster.LongestNotice)
        {
            Perform(Rollback.OnSiloGone());
        }
    }

    public void Receive(ToRollbackParticipant message)
    {
        if (Cluster.SiloCrashesNow(actor.Silo) || actor.IsDead)
        {
            return;
        }

        if (!IsLoaded)
        {
            _rollbackBeforeLoaded.Add(message);
            return;
        }

        Cluster.Trace.Line($"{actor.Name} <= {RollbackText.Of(message)}");
        if (_mutants.GetsReadyInDoubt(message, Ledger, _participant))
        {
            return;
        }

        Perform(message switch
        {
            AskLife ask => Rollback.OnAskLife(ask),
            PrepareToRollBack prepare => Rollback.OnPrepareToRollBack(prepare),
            RollBack rollBack => Rollback.OnRollBack(rollBack),
            _ => throw new InvalidOperationException($"{message} is no message to a participant."),
        });
        if (Rollback.Phase == RollbackPhase.AwaitingDecision)
        {
            if (Cluster.CrashesEverythingNow(factor: 20))
            {
                return;
            }

            Cluster.LoseWhileInDoubt(actor.Silo, falsely: 0.5);
        }

        WatchSilence();
    }

    public void OnQuiescent()
    {
        if (_awaitsQuiescence)
        {
            _awaitsQuiescence = false;
            Perform(_participant.OnQuiescent());
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
                    Rollback = new RollbackParticipant(Ledger, _participant, actor.Silo.Agent.Undone);
                }

                return _participant.OnJoin(_mutants.Believed(join, Ledger), !Cluster.Faults.IsUnwilling(), actor.IsQuiescent);
            case TakeSnapshot take:
                return _participant.OnTakeSnapshot(take, actor.IsQuiescent);
            case StoreSnapshot store:
                return _participant.OnStoreSnapshot(store);
            case MakePermanent permanent:
                return _participant.OnMakePermanent(permanent.Round);
            case UndoTentative undo:
                return _participant.OnUndoTentative(undo.Round);
            case DecisionAnswered answered:
                return _participant.OnDecisionAnswered(answered);
            default:
                throw new InvalidOperationException($"{message} is no message to a participant.");
        }
    }

    private void Perform(ImmutableArray<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (Cluster.CrashesEverythingNow() || Cluster.SiloCrashesNow(actor.Silo) || actor.IsDead)
            {
                return;
            }

            switch (effect)
            {
                case CloseGate:
                    Cluster.Judges.Gates.OnClosed(actor.ToString(), Cluster.Time.Now);
                    break;
                case OpenGate:
                    Cluster.Judges.Gates.OnOpened(actor.ToString(), Cluster.Time.Now);
                    actor.Pump();
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
                    Cluster.LoseWhileInDoubt(actor.Silo, falsely: 0.9);
                    break;
                case AdoptSnapshot adopt:
                    Adopt(adopt.Number);
                    break;
                case DropSnapshot:
                    _mutants.AfterUndo(Ledger);
                    break;
                case SendToCoordinator { Message: NotNeeded notNeeded } when _mutants.Pretended(notNeeded) is { } pretended:
                    Cluster.Network.SendToCoordinator(actor, pretended);
                    break;
                case SendToCoordinator send:
                    Cluster.Trace.Line($"{actor.Name} => {ControlText.Of(send.Message)}");
                    Cluster.Network.SendToCoordinator(actor, send.Message);
                    break;
                case SendToRollbackCoordinator send:
                    Cluster.Trace.Line($"{actor.Name} => {RollbackText.Of(send.Message)}");
                    if (send.Message is ReadyToRollBack)
                    {
                        Cluster.Judges.Rollbacks.OnReady(actor);
                        if (Cluster.Mutation == Mutation.RollsBackBeforeClosure)
                        {
                            Cluster.Time.After(1, () => Receive(new RollBack(Ledger.Life)));
                        }
                    }

                    Cluster.Network.SendToRollbackCoordinator(actor.Silo, send.Message);
                    break;
                case WriteFence:
                    _isFencing = true;
                    _slots.Fence(Ledger.PermanentMark, outcome =>
                    {
                        _isFencing = false;
                        if (!actor.IsDead)
                        {
                            Cluster.Trace.Line($"{actor.Name} fences: {outcome}");
                            Perform(Rollback.OnFenced(outcome));
                        }
                    });
                    break;
                case StopHandlers:
                    if (Cluster.Mutation != Mutation.HandlersNotStopped)
                    {
                        actor.StopHandlers();
                    }

                    break;
                case ReplaceActivation:
                    Cluster.Judges.Rollbacks.OnRolledBack(actor);
                    Cluster.Replace(actor, keepQueue: true);
                    return;
                case StopSuperseded superseded:
                    Cluster.Trace.Line($"*** {Ledger.Life} stops: {superseded.Younger} or another life has taken over");
                    actor.StopHandlers();
                    actor.Silo.Agent.OnLifeStopped(Ledger.Life);
                    actor.Silo.Report();
                    Cluster.Replace(actor, keepQueue: true);
                    return;
                case ReportUnknownDecision unknown:
                    Cluster.Judges.Report("decisions", $"{actor.Name} was told that round {unknown.Number} is forgotten");
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

        _captured = actor.State.Copy();
        _mutants.AfterTentative(Ledger);
        return true;
    }

    private void Write(WriteSnapshot write)
    {
        var state = _captured!;
        var slots = _slots;
        var basedOn = slots.PermanentRound;
        Cluster.Judges.Writes.OnSlotWrite(actor.Name, write.Number, state, PermanentState);
        slots.Write(write.Number, write.Snapshot.Mark, state, (isDurable, detail) =>
        {
            if (actor.IsDead)
            {
                return;
            }

            if (isDurable)
            {
                if (!basedOn.IsNone)
                {
                    // This slot names the round it is based on, so nobody has to ask for that decision again.
                    Cluster.Network.SendToCoordinator(actor, new DecisionProven(basedOn, actor.Id));
                }
            }

            Perform(_participant.OnSnapshotStored(write.Number, isDurable, detail));
            Perform(Rollback.OnDecided());
            if (detail == ParticipantSlots.Superseded)
            {
                Perform(Rollback.OnFenced(FenceOutcome.Superseded));
            }
        });
    }

    private void Adopt(RoundNumber number)
    {
        _slots.Adopt(number);
        PermanentState = _captured!;
        PermanentLastChange = _captured!.LastChange;
        _mutants.AfterCommit(Ledger, number);
        Cluster.Trace.Line($"{actor.Name} made its tentative checkpoint of round {number} permanent: {Ledger.PermanentMark}");
    }

    /// <summary>Participants have timers of their own (SPEC K26): who has not voted leaves, who has voted asks.</summary>
    private void WatchSilence()
    {
        if (_watchesSilence || !IsLoaded || (_participant.Phase == ParticipantPhase.Idle && Rollback.Phase == RollbackPhase.Running))
        {
            return;
        }

        _watchesSilence = true;
        Cluster.Time.After(SimulatedCluster.AskInterval, () =>
        {
            _watchesSilence = false;
            if (!actor.IsDead && IsLoaded)
            {
                if (Cluster.Time.Now - _lastControl >= (_participant.IsGateClosed ? SimulatedCluster.SilenceLimit : SimulatedCluster.AskInterval))
                {
                    _lastControl = Cluster.Time.Now;
                    Perform(_participant.OnSilence());
                    Perform(Rollback.OnSilence());
                }
            }

            if (!actor.IsDead)
            {
                WatchSilence();
            }
        });
    }

    private void AskUntilResolved(SlotInDoubt doubt)
    {
        if (actor.IsDead || !ReferenceEquals(_inDoubt, doubt))
        {
            return;
        }

        Cluster.Network.SendToCoordinator(actor, new AskDecision(doubt.Round, actor.Id));
        Cluster.Time.After(SimulatedCluster.AskInterval, () => AskUntilResolved(doubt));
    }

    private void OnDecisionOfSlot(SlotInDoubt doubt, Decision decision)
    {
        Cluster.Judges.Decisions.OnTold(actor.Name, new DecisionAnswered(doubt.Round, decision), doubt.Round);
        switch (decision)
        {
            case Decision.Committed:
                Begin(doubt.IfCommitted);
                break;
            case Decision.Aborted:
                Begin(doubt.IfAborted);
                break;
            case Decision.Forgotten:
                Cluster.Judges.Report("decisions", $"{actor.Name} was told that round {doubt.Round} is forgotten");
                break;
        }
    }

    private void Begin(SlotHead? permanent)
    {
        _inDoubt = null;
        var record = _slots.StartFrom(permanent);
        PermanentState = record?.State ?? new ActorState();
        PermanentLastChange = PermanentState.LastChange;
        actor.Restore(record?.State);
        var life = new Life(actor.Id, new Incarnation(Cluster.Mutation == Mutation.LivesNotOrdered ? 1 : _slots.NextLifeGeneration, Cluster.Random.NextGuid()));
        _slots.Writer = life.Incarnation;
        Cluster.OnLifeBegan(life, actor);
        Cluster.Judges.Rollbacks.OnBegan(actor);
        Ledger = new Ledger(life, permanent?.Mark ?? CheckpointMark.Initial);
        _participant = new CheckpointParticipant(Ledger, permanent?.Round ?? RoundNumber.None);
        Rollback = new RollbackParticipant(Ledger, _participant, actor.Silo.Agent.Undone);
        IsLoaded = true;
        Cluster.Trace.Line($"{life} starts from {(permanent is null ? "its initial state" : $"round {permanent.Round}, {permanent.Mark}")}");
        Cluster.Judges.Permanent.OnRestarted(actor, PermanentState);
        var held = _beforeLoaded.ToList();
        _beforeLoaded.Clear();
        foreach (var message in held)
        {
            Receive(message);
        }

        _began = Cluster.Time.Now;
        if (actor.Silo.Agent.KnowsOfGoneSilos)
        {
            Perform(Rollback.OnSiloGone());
        }

        foreach (var message in _rollbackBeforeLoaded.ToList())
        {
            Receive(message);
        }

        _rollbackBeforeLoaded.Clear();
        actor.Pump();
    }
}
