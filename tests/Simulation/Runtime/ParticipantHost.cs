using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Hosts the participant of one actor: performs its effects, keeps its slots, restarts it.</summary>
internal sealed class ParticipantHost(CheckpointedActor actor)
{
    private readonly List<ToParticipant> _beforeLoaded = [];
    private readonly ParticipantMutants _mutants = new(actor);
    private CheckpointParticipant _participant = null!;
    private ParticipantSlots _slots = null!;
    private SlotInDoubt? _inDoubt;
    private bool _awaitsQuiescence;
    private ActorState? _captured;
    private long _lastControl;
    private bool _watchesSilence;

    private SimulatedCluster Cluster => actor.Cluster;

    public bool IsLoaded { get; private set; }

    public Ledger Ledger { get; private set; } = null!;

    public CheckpointParticipant Participant => _participant;

    public int PermanentLastChange { get; private set; }

    public ActorState PermanentState { get; private set; } = new();

    public bool IsGateClosed => IsLoaded && _participant.IsGateClosed;

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
        var life = actor.LifeNumber;
        IsLoaded = false;
        _inDoubt = null;
        _awaitsQuiescence = false;
        _captured = null;
        Cluster.Judges.Gates.OnOpened(actor.Name, Cluster.Time.Now);
        _slots = new ParticipantSlots(actor);
        _slots.Load(choice =>
        {
            if (life != actor.LifeNumber)
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
                    AskUntilResolved(doubt, life);
                    break;
                case SlotDamaged damaged:
                    Cluster.Judges.Report("permanent checkpoints", $"{actor.Name} has lost the slot on which {damaged.Newest.Round} is based");
                    break;
            }
        });
    }

    public void Receive(ToParticipant message)
    {
        if (Cluster.CrashesEverythingNow())
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
                _participant = _mutants.BeforeJoin(_participant, Ledger);
                return _participant.OnJoin(join, !Cluster.Faults.IsUnwilling(), actor.IsQuiescent);
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
        var life = actor.LifeNumber;
        foreach (var effect in effects)
        {
            if (Cluster.CrashesEverythingNow() || life != actor.LifeNumber)
            {
                return;
            }

            switch (effect)
            {
                case CloseGate:
                    Cluster.Judges.Gates.OnClosed(actor.Name, Cluster.Time.Now);
                    break;
                case OpenGate:
                    Cluster.Judges.Gates.OnOpened(actor.Name, Cluster.Time.Now);
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
                    break;
                case AdoptSnapshot adopt:
                    Adopt(adopt.Number);
                    break;
                case DropSnapshot:
                    _mutants.AfterUndo(Ledger);
                    break;
                case SendToCoordinator send:
                    Cluster.Trace.Line($"{actor.Name} => {ControlText.Of(send.Message)}");
                    Cluster.Network.SendToCoordinator(actor, send.Message);
                    break;
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
        var life = actor.LifeNumber;
        var state = _captured!;
        var slots = _slots;
        var basedOn = slots.PermanentRound;
        Cluster.Judges.Writes.OnSlotWrite(actor.Name, write.Number, state, PermanentState);
        slots.Write(write.Number, write.Snapshot.Mark, state, (isDurable, detail) =>
        {
            if (life != actor.LifeNumber)
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
        if (_watchesSilence || !IsLoaded || _participant.Phase == ParticipantPhase.Idle)
        {
            return;
        }

        _watchesSilence = true;
        var life = actor.LifeNumber;
        Cluster.Time.After(SimulatedCluster.AskInterval, () =>
        {
            _watchesSilence = false;
            if (life == actor.LifeNumber && IsLoaded)
            {
                if (Cluster.Time.Now - _lastControl >= (_participant.IsGateClosed ? SimulatedCluster.SilenceLimit : SimulatedCluster.AskInterval))
                {
                    _lastControl = Cluster.Time.Now;
                    Perform(_participant.OnSilence());
                }
            }

            WatchSilence();
        });
    }

    private void AskUntilResolved(SlotInDoubt doubt, int life)
    {
        if (life != actor.LifeNumber || !ReferenceEquals(_inDoubt, doubt))
        {
            return;
        }

        Cluster.Network.SendToCoordinator(actor, new AskDecision(doubt.Round, actor.Id));
        Cluster.Time.After(SimulatedCluster.AskInterval, () => AskUntilResolved(doubt, life));
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
        var life = new Life(actor.Id, new Incarnation(actor.LifeNumber + 1, Cluster.Random.NextGuid()));
        Ledger = new Ledger(life, permanent?.Mark ?? CheckpointMark.Initial);
        _participant = new CheckpointParticipant(Ledger, permanent?.Round ?? RoundNumber.None);
        IsLoaded = true;
        Cluster.Trace.Line($"{life} starts from {(permanent is null ? "its initial state" : $"round {permanent.Round}, {permanent.Mark}")}");
        Cluster.Judges.Permanent.OnRestarted(actor.Name, PermanentState);
        var held = _beforeLoaded.ToList();
        _beforeLoaded.Clear();
        foreach (var message in held)
        {
            Receive(message);
        }

        actor.Pump();
    }
}
