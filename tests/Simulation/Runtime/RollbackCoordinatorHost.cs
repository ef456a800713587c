using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Hosts the coordinator of rollbacks, in the same life as that of the rounds.</summary>
internal sealed class RollbackCoordinatorHost
{
    public const long ResendInterval = 50;

    private const int Patience = 30;

    private readonly SimulatedCluster _cluster;
    private readonly CoordinatorHost _host;
    private readonly List<Action> _beforeStarted = [];
    private readonly Dictionary<Guid, Action<RequestedRollbackOutcome?>> _callers = [];
    private readonly HashSet<Guid> _dry = [];
    private RollbackCoordinator? _coordinator;
    private ImmutableArray<SiloId> _silos = [];
    private bool _resends;

    public RollbackCoordinatorHost(SimulatedCluster cluster, CoordinatorHost host)
    {
        _cluster = cluster;
        _host = host;
    }

    /// <summary>The epoch is raised in the record: begins to act.</summary>
    public void Start(long epoch)
    {
        _coordinator = new RollbackCoordinator(_cluster.NextIdentity(), epoch, _cluster.Mutation == Mutation.NoPatience ? 0 : Patience);
        _cluster.Time.ForgetEvery(
            _host.Silo.Process, _cluster.Settings.Memory / 2, _cluster.Settings.ForgettingEnds, () => _host.IsAlive && _cluster.Mutation != Mutation.CoordinatorsRememberForEver, _coordinator.ForgetOlder);
        OnSilos();
        PassOn();
    }

    public bool HasStarted => _coordinator is not null;

    public bool IsBusy => _coordinator is { IsBusy: true };

    /// <summary>RB-24: a silo obeys a younger one.</summary>
    public void OnRefused(long obeyed)
    {
        if (_host.IsAlive)
        {
            Perform(_coordinator!.OnRefused(obeyed));
        }
    }

    /// <summary>Ends in good order.</summary>
    public void Stop()
    {
        if (_coordinator is not null)
        {
            Perform(_coordinator.OnStop());
        }
    }

    private void PassOn()
    {
        var waiting = _beforeStarted.ToList();
        _beforeStarted.Clear();
        waiting.ForEach(static waits => waits());
    }

    /// <summary>What it waits for; null if there is nothing to do.</summary>
    public StepOfRound? Step => _coordinator?.Step switch
    {
        RecoveryStep.AskLives => StepOfRound.AskLives,
        RecoveryStep.Prepare => StepOfRound.Prepare,
        RecoveryStep.InstallEnds => StepOfRound.InstallEnds,
        RecoveryStep.RollBack => StepOfRound.RollBack,
        _ => _coordinator?.Requested?.Step switch
        {
            RequestedRollbackStep.Drain => StepOfRound.AskMembers,
            RequestedRollbackStep.Hold or RequestedRollbackStep.Verify => StepOfRound.Hold,
            RequestedRollbackStep.Commit => StepOfRound.Commit,
            _ => null,
        },
    };

    /// <summary>A caller asks for a rollback.</summary>
    public void Request(ParticipantId participant, bool isDryRun, Action<RequestedRollbackOutcome?> done)
    {
        if (!_host.IsAlive)
        {
            done(null);
            return;
        }

        if (_coordinator is null)
        {
            _beforeStarted.Add(() => Request(participant, isDryRun, done));
            return;
        }

        var request = _cluster.NextIdentity();
        _callers[request] = done;
        if (isDryRun)
        {
            _dry.Add(request);
        }

        _cluster.Trace.Line($"coordinator {_host.Number} is asked to roll back {participant}{(isDryRun ? ", dry" : "")}: {request.ToString()[..8]}");
        Perform(_coordinator.OnRollBackRequested(request, participant, isDryRun));
    }

    /// <summary>All that was in memory is gone.</summary>
    public void Crash()
    {
        foreach (var caller in _callers.Values.ToList())
        {
            _cluster.Time.After(1, () => caller(null));
        }

        _callers.Clear();
        PassOn();
    }

    public void OnSilos()
    {
        if (_host.IsAlive && _coordinator is not null)
        {
            _silos = [.. _cluster.Silos.All.Where(silo => silo.IsRunning && !_host.Silo.KnowsGone(silo)).Select(silo => silo.Id)];
            Perform(_coordinator.OnSilos(_silos));
        }
    }

    public void Receive(ToRollbackCoordinator message)
    {
        if (!_host.IsAlive || _cluster.Coordinators.CrashesNow(_host) || _cluster.Silos.CrashesNow(_host.Silo))
        {
            return;
        }

        if (_coordinator is null)
        {
            _beforeStarted.Add(() => Receive(message));
            return;
        }

        _cluster.Trace.Line($"coordinator {_host.Number} <= {RollbackText.Of(message)}");
        Perform(_coordinator.OnMessage(message));
        if (message is ReadyToRollBack ready && _host.IsAlive && (!_host.IsZombie || _host.Silo is { IsSilent: false, Process.IsPaused: false }))
        {
            // One that crashes over it takes what it has learned along, and one that is cut off and stops in the middle of it tells nobody in time.
            _cluster.Judges.Rollbacks.OnCoordinatorLearned(ready.End.Life, _host);
        }
    }

    public void OnUndoneLabel(Suspect undone) => Perform(_coordinator!.OnUndoneLabel(undone));

    private bool IsHitAtARareMoment()
    {
        _cluster.Silos.MayStop(_host.Silo, factor: 3);
        _cluster.Silos.MayBeDisturbed(_host.Silo, factor: 20);
        foreach (var clean in _cluster.Participants.Where(actor => actor.MayRestart).ToList())
        {
            if (_cluster.Faults.RestartsWhenClean())
            {
                _cluster.RestartWhenClean(clean);
            }
        }

        return _cluster.CrashesEverythingNow(factor: 30)
            || (_cluster.Coordinators.CrashesNow(_host, factor: 3) && !_host.IsAlive)
            || (_cluster.Silos.CrashesNow(_host.Silo, factor: 30) && !_host.IsAlive);
    }

    private void Perform(ImmutableArray<RollbackEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (!_host.IsAlive || _cluster.Coordinators.CrashesNow(_host) || _cluster.Silos.CrashesNow(_host.Silo))
            {
                return;
            }

            if (effect is TellParticipant { Message: HoldForRollBack or RollBackAsAsked } && IsHitAtARareMoment())
            {
                return;
            }

            switch (effect)
            {
                case TellAgentToTest tell:
                    _cluster.Network.SendToAgent(_host, _cluster.Silos.All.FirstOrDefault(silo => silo.Id == tell.To), tell.Message);
                    if (_cluster.Mutation == Mutation.MembersNotAsked && tell.Message.Ends is [var first])
                    {
                        _cluster.Network.SendToRollbackParticipant(_host, first.Life.Participant, new HoldForRollBack(tell.Message.Request, first.Life));
                        _cluster.Network.SendToRollbackParticipant(_host, first.Life.Participant, new RollBackAsAsked(tell.Message.Request, first.Life, _cluster.Participant(first.Life.Participant).Host.Rollback.Requested.Vote));
                    }

                    break;
                case PauseRounds pause:
                    _host.PauseRounds(() => Perform(_coordinator!.OnRoundsPaused(pause.Request)));
                    break;
                case ResumeRounds:
                    _host.ResumeRounds();
                    break;
                case BoundPause bound:
                    _host.Silo.Process.After(_cluster.Settings.PauseBound, () =>
                    {
                        if (_host.IsAlive)
                        {
                            Perform(_coordinator!.OnPauseDue(bound.Request));
                        }
                    });
                    break;
                case RollbackRequestEnded ended:
                    _cluster.Trace.Line($"coordinator {_host.Number}: request {ended.Request.ToString()[..8]} ended: {ended.Outcome.IsDecided} {ended.Outcome.WhyNot}");
                    _cluster.Judges.Requested.OnEnded(ended.Request, _dry.Contains(ended.Request), ended.Outcome);
                    if (_callers.Remove(ended.Request, out var done))
                    {
                        done(ended.Outcome);
                    }

                    break;
                case TellParticipant { Message: RollBackAsAsked asked } when _cluster.Mutation == Mutation.EverybodyRollsBackAsAsked:
                    foreach (var member in _cluster.Participants.Where(actor => actor.Host is { IsLoaded: true, Rollback.Requested.IsHeld: true }).ToList())
                    {
                        _cluster.Network.SendToRollbackParticipant(_host, member.Id, new RollBackAsAsked(asked.Request, member.Host.Ledger.Life, member.Host.Rollback.Requested.Vote));
                    }

                    break;
                case TellParticipant tell:
                    _cluster.Trace.Line($"coordinator {_host.Number} => {tell.To}: {RollbackText.Of(tell.Message)}");
                    _cluster.Network.SendToRollbackParticipant(_host, tell.To, tell.Message);
                    break;
                case TellAgent tell:
                    _cluster.Trace.Line($"coordinator {_host.Number} => agent of {tell.To}: from {tell.Message.Position}: {string.Join(", ", tell.Message.Ends)}");
                    _cluster.Network.SendToAgent(_host, _cluster.Silos.All.FirstOrDefault(silo => silo.Id == tell.To), tell.Message);
                    break;
                case TellAgentOfCleared tell:
                    _cluster.Network.SendToAgent(_host, _cluster.Silos.All.FirstOrDefault(silo => silo.Id == tell.To), tell.Message);
                    break;
                case StopOutdated:
                    _host.Leave();
                    break;
                case RollbackDecided decided:
                    _cluster.Trace.Line($"coordinator {_host.Number}: the set is {(decided.IsClosed ? "closed" : "not closed")}: {string.Join(", ", decided.Lives)}");
                    _cluster.Judges.Rollbacks.OnDecided(decided.Lives, _host.IsZombie ? _silos : null, decided.IsClosed || _cluster.Mutation == Mutation.NoPatience);
                    break;
            }
        }

        if (_coordinator!.IsBusy && !_resends)
        {
            _resends = true;
            _host.Silo.Process.After(ResendInterval, () =>
            {
                _resends = false;
                if (_host.IsAlive)
                {
                    Perform(_coordinator!.OnResendDue());
                }
            });
        }
    }
}
