using System.Collections.Immutable;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Hosts the coordinator of rollbacks, in the same life as that of the rounds.</summary>
internal sealed class RollbackCoordinatorHost
{
    public const long ResendInterval = 50;

    private readonly SimulatedCluster _cluster;
    private readonly CoordinatorHost _host;
    private readonly RollbackCoordinator _coordinator;
    private bool _resends;

    public RollbackCoordinatorHost(SimulatedCluster cluster, CoordinatorHost host)
    {
        _cluster = cluster;
        _host = host;
        _coordinator = new RollbackCoordinator(cluster.NextIdentity());
    }

    /// <summary>What it waits for; null if there is nothing to do.</summary>
    public StepOfRound? Step => _coordinator.Step switch
    {
        RecoveryStep.AskLives => StepOfRound.AskLives,
        RecoveryStep.Prepare => StepOfRound.Prepare,
        RecoveryStep.InstallEnds => StepOfRound.InstallEnds,
        RecoveryStep.RollBack => StepOfRound.RollBack,
        _ => null,
    };

    public void OnSilos()
    {
        if (_host.IsAlive)
        {
            Perform(_coordinator.OnSilos([.. _cluster.Silos.All.Where(silo => silo.IsRunning && !_host.Silo.KnowsGone(silo)).Select(silo => silo.Id)]));
        }
    }

    public void Receive(ToRollbackCoordinator message)
    {
        if (!_host.IsAlive || _cluster.Coordinators.CrashesNow(_host) || _cluster.Silos.CrashesNow(_host.Silo))
        {
            return;
        }

        _cluster.Trace.Line($"coordinator {_host.Number} <= {RollbackText.Of(message)}");
        Perform(_coordinator.OnMessage(message));
        if (message is ReadyToRollBack ready && _host.IsAlive)
        {
            // One that crashes over it takes what it has learned along.
            _cluster.Judges.Rollbacks.OnCoordinatorLearned(ready.End.Life);
        }
    }

    private void Perform(ImmutableArray<RollbackEffect> effects)
    {
        foreach (var effect in effects)
        {
            if (!_host.IsAlive || _cluster.Coordinators.CrashesNow(_host) || _cluster.Silos.CrashesNow(_host.Silo))
            {
                return;
            }

            switch (effect)
            {
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
                case RollbackDecided decided:
                    _cluster.Trace.Line($"coordinator {_host.Number}: the set is closed: {string.Join(", ", decided.Lives)}");
                    _cluster.Judges.Rollbacks.OnDecided(decided.Lives, _host.IsZombie);
                    break;
            }
        }

        if (_coordinator.IsBusy && !_resends)
        {
            _resends = true;
            _cluster.Time.After(ResendInterval, () =>
            {
                _resends = false;
                if (_host.IsAlive)
                {
                    Perform(_coordinator.OnResendDue());
                }
            });
        }
    }
}
