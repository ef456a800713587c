using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>One process: it hosts activations, knows which other silos are gone, and has an agent for rollbacks.</summary>
internal sealed class SimulatedSilo
{
    public const long ReportInterval = 60;

    private readonly SimulatedCluster _cluster;
    private readonly HashSet<SimulatedSilo> _gone = [];
    private readonly HashSet<Life> _foundOnce = [];
    private bool _reports;
    private int _losses;
    private long _membership;
    private int _lossesTold;

    public SimulatedSilo(SimulatedCluster cluster, SiloId id, long version)
    {
        _cluster = cluster;
        Id = id;
        Process = new SiloProcess(cluster, this);
        Agent = new RollbackAgent(Id);
        JoinedAt = cluster.Time.Now;
        _membership = version;
        CutOff = new CallCutOff(CallCutOff.FirstLineOf(version));
        cluster.Time.ForgetEvery(Process, cluster.Settings.Memory, cluster.Settings.ForgettingEnds, () => IsRunning, () =>
        {
            Agent.ForgetOlder(cluster.Mutation != Mutation.OrphansForgotten && Participants.Any(actor => actor.Host.IsLoaded && IsOrphan(actor.Host.Ledger)));
            Report();
        });
    }

    public long JoinedAt { get; }

    public SiloId Id { get; }

    public SiloProcess Process { get; }

    public RollbackAgent Agent { get; }

    /// <summary>RB-20: of the calls that arrive here.</summary>
    public CallCutOff CutOff { get; }

    /// <summary>RB-20: under which calls are sent from here.</summary>
    public long Line => Math.Max(CallCutOff.FirstLineOf(_membership), CutOff.Line);

    /// <summary>The membership in which this silo is dead.</summary>
    public long DeadIn { get; private set; }

    /// <summary>It takes nobody in any more, and will be declared dead when nobody is left on it.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Until then nothing comes here and nothing goes from here.</summary>
    public long SilentUntil { get; set; }

    public bool IsSilent => SilentUntil > _cluster.Time.Now;

    /// <summary>The process runs.</summary>
    public bool IsRunning { get; private set; } = true;

    /// <summary>Declared dead, rightly or not: it will never be believed again.</summary>
    public bool IsDeclaredDead { get; private set; }

    public bool IsUsable => IsRunning && !IsDeclaredDead && !IsStopping;

    public override string ToString() => this == _cluster.Silos.Clients ? "clients" : Id.ToString();

    public IEnumerable<CheckpointedActor> Participants => ParticipantsAndLeaving.Where(actor => !actor.IsMoving);

    public IEnumerable<CheckpointedActor> ParticipantsAndLeaving => _cluster.Activations.OfType<CheckpointedActor>().Where(actor => actor.Silo == this && !actor.IsDead);

    public bool KnowsGone(SimulatedSilo silo) => _gone.Contains(silo);

    public void DeclareDead()
    {
        if (!IsDeclaredDead)
        {
            IsDeclaredDead = true;
            DeadIn = _cluster.Silos.NextVersion();
        }
    }

    public void Stop() => IsRunning = false;

    public void LearnMembership(long version) => _membership = Math.Max(_membership, version);

    /// <summary>SPEC K34: drop its routes, end the calls to it as lost, then find out what was received from it.</summary>
    public void LearnGone(SimulatedSilo silo)
    {
        if (!IsRunning || !_gone.Add(silo))
        {
            return;
        }

        _cluster.Trace.Line($"{Id} learns that {silo} is gone");
        _losses++;
        LearnMembership(silo.DeadIn);
        if (_cluster.Mutation is not (Mutation.SiloDeathsNotWatched or Mutation.ContactNotNoticed))
        {
            Agent.OnSiloGone(silo.Id);
        }

        if (this == _cluster.Silos.Clients)
        {
            foreach (var call in _cluster.ClientCalls.Where(call => call.Callee.Silo == silo).ToList())
            {
                call.Fail(CallEnd.SiloGone);
            }

            return;
        }

        foreach (var activation in _cluster.Activations.Where(actor => actor.Silo == this && !actor.IsDead).ToList())
        {
            activation.LoseCallsTo(silo);
            (activation as CheckpointedActor)?.Host.Rollback.OnSiloGone();
        }

        Report();
    }

    /// <summary>Reports suspects and orphans until nothing is left to report (SPEC K31).</summary>
    public void Report()
    {
        if (!_reports)
        {
            _reports = true;
            ReportNow();
        }
    }

    /// <summary>Every participant in a turn of its own, as for facts; but nothing is installed.</summary>
    public void Receive(TestEnds test, CoordinatorHost from)
    {
        if (!IsRunning)
        {
            return;
        }

        if (Agent.IsOutdated(test.Epoch))
        {
            _cluster.Network.Refuse(this, from);
            return;
        }

        if (_cluster.Mutation == Mutation.HypotheticalEndsInstalled)
        {
            Agent.OnInstallEnds(new InstallEnds(test.Request, test.Epoch, 0, test.Ends));
        }

        var waiting = 1;
        var orphans = new List<WouldBeOrphan>();
        foreach (var participant in Participants.ToList())
        {
            waiting++;
            Process.After(_cluster.Random.Between(0, 6), () =>
            {
                if (participant is { IsDead: false, IsMoving: false, Host.IsLoaded: true })
                {
                    _cluster.Judges.Requested.OnTested(test, participant.Name);
                    if (RollbackAgent.Test(test, participant.Host.Ledger) is { } orphan)
                    {
                        orphans.Add(orphan);
                    }
                }

                Done();
            });
        }

        Done();

        void Done()
        {
            if (--waiting == 0 && IsRunning)
            {
                _cluster.Network.SendToRollbackCoordinator(this, Agent.OnTested(test, orphans));
            }
        }
    }

    public void Receive(SuspectsCleared cleared)
    {
        if (IsRunning && _cluster.Mutation != Mutation.ClearedSuspectsNotHeard)
        {
            Agent.OnSuspectsCleared(cleared);
            _foundOnce.UnionWith(cleared.Lives.Select(counts => counts.Life));
        }
    }

    public void Receive(InstallEnds install, CoordinatorHost from)
    {
        if (!IsRunning)
        {
            return;
        }

        if (_cluster.Mutation == Mutation.FilterAfterTest)
        {
            TestThenInstall(install);
            return;
        }

        if (Agent.OnInstallEnds(install) is not { } installed)
        {
            _cluster.Network.Refuse(this, from);
            return;
        }

        var waiting = 1;
        var orphans = new List<Life>();
        foreach (var participant in Participants.ToList())
        {
            waiting++;
            Process.After(_cluster.Random.Between(0, 6), () =>
            {
                if (participant is { IsDead: false, IsMoving: false, Host.IsLoaded: true })
                {
                    participant.Host.Rollback.OnEndsInstalled();
                }

                if (participant is { IsDead: false, IsMoving: false, Host.IsLoaded: true } && IsOrphan(participant.Host.Ledger))
                {
                    orphans.Add(participant.Host.Ledger.Life);
                }

                Done();
            });
        }

        Done();

        void Done()
        {
            if (--waiting == 0 && IsRunning)
            {
                var tested = Agent.OnTested(install, installed, [.. orphans]);
                _cluster.Network.SendToRollbackCoordinator(this, _cluster.Mutation switch
                {
                    Mutation.MovingLivesNotTested => tested with { HasOrphanOnItsWay = false },
                    Mutation.OldFactsNotTold when tested.AllEnds is not null => tested with { AllEnds = [] },
                    _ => tested,
                });
            }
        }
    }

    private bool IsOrphan(Ledger ledger) => _cluster.Mutation == Mutation.TentativeReceiptsNotTested
        ? ledger.HasLostCall || ledger.Received.ToImmutable().Any(receipt => Agent.Undone.Contains(receipt.Sender, receipt.Sequence))
        : ledger.IsOrphan(Agent.Undone);

    private void TestThenInstall(InstallEnds install)
    {
        var preview = new UndoneLabels();
        foreach (var end in Agent.Undone.Ends.Concat(install.Ends).Distinct())
        {
            preview.Install(end);
        }

        var orphans = Participants.Where(actor => actor.Host.IsLoaded && actor.Host.Ledger.IsOrphan(preview)).Select(actor => actor.Host.Ledger.Life).ToList();
        Process.After(_cluster.Random.Between(1, 40), () =>
        {
            if (Agent.OnInstallEnds(install) is { } installed)
            {
                _cluster.Network.SendToRollbackCoordinator(this, Agent.OnTested(install, installed, [.. orphans]));
            }
        });
    }

    private void ReportNow()
    {
        if (!IsRunning)
        {
            return;
        }

        var suspects = new Dictionary<Life, long>();
        foreach (var suspect in Agent.StoppedLives())
        {
            Suspect(suspect);
        }

        var orphans = new List<Life>();
        foreach (var participant in Participants.Where(actor => actor.Host.IsLoaded))
        {
            foreach (var suspect in Agent.SuspectsIn(participant.Host.Ledger))
            {
                Suspect(suspect);
            }

            if (IsOrphan(participant.Host.Ledger) && participant.Host.Rollback.Algorithm.Phase == RollbackPhase.Running)
            {
                orphans.Add(participant.Host.Ledger.Life);
            }
        }

        if (_lossesTold < _losses)
        {
            var losses = _losses;
            _cluster.Network.Wake(this, () => _lossesTold = Math.Max(_lossesTold, losses));
        }

        _reports = suspects.Count > 0 || orphans.Count > 0 || _lossesTold < _losses;
        if (suspects.Count > 0)
        {
            _cluster.Network.SendToRollbackCoordinator(this, new SuspectsReported([.. suspects.Select(suspect => new Suspect(suspect.Key, suspect.Value))]));
        }

        if (orphans.Count > 0)
        {
            _cluster.Network.SendToRollbackCoordinator(this, new OrphansReported([.. orphans]));
        }

        if (_reports)
        {
            Process.After(ReportInterval, ReportNow);
        }

        void Suspect(Suspect suspect)
        {
            if (_cluster.Mutation != Mutation.FoundOnceForAll || !_foundOnce.Contains(suspect.Life))
            {
                suspects[suspect.Life] = Math.Max(suspect.LastLabelReceived, suspects.GetValueOrDefault(suspect.Life));
            }
        }
    }
}
