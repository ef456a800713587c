using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Hosts one life of the coordinator: performs its effects and keeps its record under an ETag.</summary>
internal sealed class CoordinatorHost(SimulatedCluster cluster, int number, SimulatedSilo silo)
{
    public const string RecordKey = "decisions";

    private readonly List<(CheckpointRequest Request, Action<CheckpointOutcome?> Done)> _beforeStarted = [];
    private readonly SortedDictionary<long, Action<CheckpointOutcome?>> _callers = [];
    private readonly List<ToCoordinator> _messagesBeforeStarted = [];
    private CoordinatorMutants _mutants = null!;
    private CheckpointCoordinator? _coordinator;
    private DecisionRecord? _beingWritten;
    private RollbackCoordinatorHost? _rollback;
    private Action? _whenWritten;
    private bool _roundsArePaused;
    private bool _startsRollbacks;
    private long _etag;

    public int Number => number;

    public SimulatedSilo Silo => silo;

    public RollbackCoordinatorHost Rollback => _rollback ??= new RollbackCoordinatorHost(cluster, this);

    public bool IsAlive { get; private set; } = true;

    public bool IsZombie { get; private set; }

    public CheckpointCoordinator? Coordinator => _coordinator;

    /// <summary>The record that was handed to the store and whose fate is not known yet.</summary>
    public DecisionRecord? BeingWritten => _beingWritten;

    public StepOfRound Step
    {
        get
        {
            if (_coordinator is null || _coordinator.Phase == CoordinatorPhase.Starting)
            {
                return StepOfRound.Starting;
            }

            if (_beingWritten is not null)
            {
                return StepOfRound.Decide;
            }

            if (_coordinator.Round is not { } round)
            {
                return cluster.Participants.Any(participant => participant.Host.Step != StepOfRound.Idle) ? StepOfRound.Spread : StepOfRound.Ready;
            }

            if (round.IsVerified)
            {
                return StepOfRound.Persist;
            }

            var asks = round.Members.Values.Any(member => member.State is MemberState.Asked or MemberState.Draining);
            return round.Retakes > 0 || (asks && round.Members.Values.Any(member => member.State == MemberState.Snapped)) ? StepOfRound.Verify
                : asks ? StepOfRound.Drain : StepOfRound.Snapshot;
        }
    }

    public void Start() => cluster.Record.Read(silo.Process, RecordKey, read =>
    {
        if (!IsAlive)
        {
            return;
        }

        if (read is not { } found)
        {
            Start();
            return;
        }

        _etag = found.ETag;
        var record = CoordinatorMutants.Believed(cluster.Mutation, found.Value ?? DecisionRecord.First(cluster.Random.NextGuid()));
        _coordinator = new CheckpointCoordinator(record, cluster.Random.NextGuid(), new CoordinatorLimits(MaxAttempts: 3));
        _mutants = new CoordinatorMutants(cluster, _coordinator);
        cluster.Trace.Line($"coordinator {number} starts in epoch {record.Epoch}");
        Perform(_coordinator.Start());
        var waiting = _beforeStarted.ToList();
        _beforeStarted.Clear();
        foreach (var (request, done) in waiting)
        {
            Request(request, done);
        }

        foreach (var message in _messagesBeforeStarted)
        {
            Receive(message);
        }
    });

    /// <summary>A rollback that was asked for and rounds exclude each other.</summary>
    public void PauseRounds(Action paused)
    {
        _roundsArePaused = true;
        AwaitRounds(paused);
    }

    private void AwaitRounds(Action paused)
    {
        if (_coordinator is { Phase: CoordinatorPhase.Ready, Round: null })
        {
            paused();
        }
        else if (IsAlive)
        {
            silo.Process.After(5, () =>
            {
                if (IsAlive && _roundsArePaused)
                {
                    AwaitRounds(paused);
                }
            });
        }
    }

    public void ResumeRounds()
    {
        _roundsArePaused = false;
        var waiting = _beforeStarted.ToList();
        if (_coordinator is not null)
        {
            _beforeStarted.Clear();
            waiting.ForEach(request => Request(request.Request, request.Done));
        }
    }

    public void Request(CheckpointRequest request, Action<CheckpointOutcome?> done)
    {
        if (!IsAlive)
        {
            done(null);
        }
        else if (_roundsArePaused)
        {
            _beforeStarted.Add((request, done));
        }
        else if (_coordinator is null)
        {
            _beforeStarted.Add((request, done));
        }
        else
        {
            _callers[request.Id] = done;
            cluster.Trace.Line($"coordinator {number} is asked for a checkpoint of {string.Join(", ", request.Initiators)}");
            Perform(_coordinator.OnRequest(request));
        }
    }

    public void Receive(ToCoordinator message)
    {
        if (!IsAlive || cluster.CrashesEverythingNow() || cluster.Coordinators.CrashesNow(this) || (cluster.Silos.CrashesNow(silo) && !IsAlive))
        {
            return;
        }

        if (_coordinator is null)
        {
            _messagesBeforeStarted.Add(message);
            return;
        }

        cluster.Trace.Line($"coordinator {number} <= {ControlText.Of(message)}");
        if (message is Joined joined)
        {
            cluster.Judges.Requests.OnJoined(joined.Round, joined.From.ToString());
        }

        if (_mutants.Answer(message, _beingWritten) is { } answer)
        {
            cluster.Network.SendToParticipant(this, cluster.Participant(message.From), answer);
            return;
        }

        foreach (var heard in _mutants.Alter(message))
        {
            Perform(_coordinator.OnMessage(heard));
        }
    }

    public void OnSilos() => Rollback.OnSilos();

    public void OnUnreachable(CheckpointedActor participant, ToParticipant message)
    {
        if (IsAlive && _coordinator is not null)
        {
            cluster.Trace.Line($"coordinator {number} cannot reach {participant.Name}: {ControlText.Of(message)}");
            Perform(_coordinator.OnUnreachable(participant.Id, message, "unreachable"));
        }
    }

    /// <summary>All that was in memory is gone; nobody hears from this life again.</summary>
    public void Crash()
    {
        IsAlive = false;
        foreach (var caller in _callers.Values.Concat(_beforeStarted.Select(waiting => waiting.Done)).ToList())
        {
            cluster.Time.After(1, () => caller(null));
        }

        _callers.Clear();
        _beforeStarted.Clear();
        _rollback?.Crash();
        cluster.Judges.Rollbacks.OnLostWithCoordinator(this);
    }

    /// <summary>Ends in good order: drops what is proven, and then acts no more.</summary>
    public void Stop(Action stopped)
    {
        Perform(_coordinator!.OnStopping());
        _whenWritten = () =>
        {
            Rollback.Stop();
            Perform(_coordinator.OnStop());
            Crash();
            stopped();
        };
        if (_beingWritten is null)
        {
            _whenWritten();
        }
    }

    /// <summary>A younger life is at work; this one acts no more.</summary>
    public void Leave()
    {
        cluster.Trace.Line($"coordinator {number} retires");
        Rollback.Stop();
        Crash();
        cluster.Coordinators.OnGone(this);
    }

    /// <summary>Cut off but running: a new life begins while this one goes on.</summary>
    public void BecomeZombie() => IsZombie = true;

    private void Perform(ImmutableArray<CoordinatorEffect> effects)
    {
        cluster.Judges.Rounds.OnStep(this);
        cluster.Silos.MayBeDisturbed(silo, factor: Step is StepOfRound.Verify or StepOfRound.Decide ? 3 : 0);
        foreach (var effect in effects)
        {
            if (!IsAlive || cluster.CrashesEverythingNow() || (cluster.Coordinators.CrashesNow(this) && !IsAlive) || (cluster.Silos.CrashesNow(silo, factor: Step == StepOfRound.Verify ? 2 : 1) && !IsAlive))
            {
                return;
            }

            switch (effect)
            {
                case SendToParticipant send:
                    cluster.Trace.Line($"coordinator {number} => {send.To}: {ControlText.Of(send.Message)}");
                    cluster.Network.SendToParticipant(this, cluster.Participant(send.To), send.Message);
                    break;
                case WriteRecord write:
                    Write(write.Record);
                    break;
                case ReadRecord:
                    Read();
                    break;
                case StartTimer start:
                    if (start.Timer.Kind == RoundTimerKind.RetakeDue)
                    {
                        cluster.Judges.Rounds.OnRetake();
                    }

                    silo.Process.After(cluster.Settings.Duration(start.Timer, cluster.Random), () => OnTimer(start.Timer));
                    break;
                case CompleteRequest complete:
                    cluster.Trace.Line($"coordinator {number} answers request {complete.RequestId}: {ControlText.Of(complete.Outcome)}");
                    if (_callers.Remove(complete.RequestId, out var done))
                    {
                        silo.Process.After(1, () => done(complete.Outcome));
                    }

                    break;
                case ReportOrphan orphan when cluster.Mutation != Mutation.RoundsFindingsNotHeard:
                    Rollback.OnUndoneLabel(new Suspect(new Life(orphan.Sender, orphan.UndoneLabel.Incarnation), orphan.UndoneLabel.Sequence));
                    break;
                case Retire:
                    Leave();
                    break;
            }
        }

        if (IsAlive && !_startsRollbacks && _coordinator!.Phase == CoordinatorPhase.Ready)
        {
            _startsRollbacks = true;
            Rollback.Start(_coordinator.Record.Epoch);
        }
    }

    private void OnTimer(RoundTimer timer)
    {
        if (!IsAlive || cluster.CrashesEverythingNow() || cluster.Coordinators.CrashesNow(this))
        {
            return;
        }

        if (timer.Kind == RoundTimerKind.RetryDue && _roundsArePaused)
        {
            silo.Process.After(5, () => OnTimer(timer));
            return;
        }

        Perform(_coordinator!.OnTimer(timer));
    }

    private void Write(DecisionRecord record)
    {
        if (_mutants.PretendsToWrite(record))
        {
            silo.Process.After(1, () => OnWritten(RecordWriteOutcome.Stored));
            return;
        }

        _beingWritten = record;
        cluster.Judges.Writes.OnDecisionWrite(_coordinator!, record);
        cluster.Trace.Line($"coordinator {number} writes epoch {record.Epoch}, committed [{string.Join(", ", record.CommittedRuns)}]");
        cluster.Record.Write(silo.Process, RecordKey, record, _etag, Step, (outcome, etag) =>
        {
            if (outcome == WriteOutcome.Stored)
            {
                _etag = etag;
            }

            cluster.Trace.Line($"coordinator {number} wrote its record: {outcome}");
            OnWritten(outcome switch
            {
                WriteOutcome.Stored => RecordWriteOutcome.Stored,
                WriteOutcome.Stale => RecordWriteOutcome.Stale,
                _ => RecordWriteOutcome.Unknown,
            });
        });
    }

    private void OnWritten(RecordWriteOutcome outcome)
    {
        if (!IsAlive || cluster.CrashesEverythingNow() || (cluster.Coordinators.CrashesNow(this) && !IsAlive))
        {
            return;
        }

        if (outcome == RecordWriteOutcome.Stored)
        {
            _beingWritten = null;
        }

        Perform(_coordinator!.OnRecordWritten(outcome));
        if (_beingWritten is null)
        {
            _whenWritten?.Invoke();
        }
    }

    private void Read() => cluster.Record.Read(silo.Process, RecordKey, read =>
    {
        if (!IsAlive)
        {
            return;
        }

        if (read is { } found)
        {
            _etag = found.ETag;
            if (found.Value?.Stamp == _beingWritten?.Stamp)
            {
                _beingWritten = null;
            }

            _mutants.OnRead();
        }

        Perform(_coordinator!.OnRecordRead(read is { } present ? present.Value ?? DecisionRecord.First(_coordinator.Record.StoreId) : null));
    });
}
