using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Runtime.Coordination;

/// <summary>
/// Hosts the coordinator of rollbacks, in the same grain as that of the rounds and in its turns: it knows the silos of the cluster, and says again what has not
/// been answered.
/// </summary>
internal sealed class RollbackCoordinatorHost(
    Action stopOutdated, Action standDownIfLeaving, ParticipantMessenger messenger, AgentCalls agents, IClusterMembershipService membership, SilosInReach reach, RoundPause rounds, TimeSpan maxPause, RecoveryOptions recovery, CoordinatorLog log, TimeProvider time)
{
    private static readonly TimeSpan ResendInterval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan ComplainInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);

    private readonly Dictionary<SiloId, SiloAddress> _silos = [];
    private readonly Dictionary<SiloId, FactsOutbox> _outboxes = [];
    private readonly Dictionary<Guid, TaskCompletionSource<RequestedRollbackOutcome?>> _requests = [];
    private RollbackCoordinator? _coordinator;
    private Action? _stopWatching;
    private long _membershipVersion = -1;
    private bool _resends;
    private TimeSpan _waited;
    private bool _isStopped;

    /// <summary>Whether something is lost and not made up for yet, here or on any silo.</summary>
    public async Task<bool> IsRecovering(CancellationToken cancellationToken)
    {
        var version = membership.CurrentSnapshot.Version.Value;
        if (_membershipVersion < version || _coordinator!.IsBusy)
        {
            return true;
        }

        var settled = await Task.WhenAll(_silos.Values.Select(silo => HasSettled(silo, version))).WaitAsync(cancellationToken);
        return _coordinator!.IsBusy || !Array.TrueForAll(settled, static hasSettled => hasSettled);
    }

    private async Task<bool> HasSettled(SiloAddress silo, long version)
    {
        try
        {
            return await agents.To(silo, agent => agent.HasSettled(version));
        }
        catch (Exception)
        {
            // It is just being lost, or what it is will turn out.
            return false;
        }
    }

    /// <summary>The epoch is raised in the record: begins to act.</summary>
    public void Start(long epoch)
    {
        _coordinator = new RollbackCoordinator(Guid.NewGuid(), epoch, (int)(recovery.Patience / ResendInterval));
        var watch = new CancellationTokenSource();
        _stopWatching = watch.Cancel;
        _ = WatchSilos(watch);
        _ = Forget(watch.Token);
    }

    /// <summary>A rollback that somebody asks for, or a preview of it.</summary>
    public async Task<RollbackResult> RollBack(ParticipantId participant, bool isPreview, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        if (reach.ExplainOthers() is { } difference)
        {
            return Ended(RollbackResults.SilosDiffer(difference));
        }

        if (_isStopped)
        {
            return Ended(RollbackResults.Replaced(time.GetElapsedTime(started)));
        }

        var request = Guid.NewGuid();
        var ended = new TaskCompletionSource<RequestedRollbackOutcome?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests.Add(request, ended);
        Perform(_coordinator!.OnRollBackRequested(request, participant, isPreview));
        var outcome = await ended.Task.WaitAsync(cancellationToken);
        return Ended(outcome?.ToResult(isPreview, time.GetElapsedTime(started)) ?? RollbackResults.Replaced(time.GetElapsedTime(started)));
    }

    /// <summary>Whether somebody has to go on where this one stops.</summary>
    public bool IsBusy => _coordinator is { IsBusy: true };

    /// <summary>Acts no more.</summary>
    public void Stop()
    {
        if (_coordinator is { } coordinator)
        {
            Perform(coordinator.OnStop());
        }

        foreach (var request in _requests.Values)
        {
            request.TrySetResult(null);
        }

        rounds.End();
        _isStopped = true;
        _stopWatching?.Invoke();
    }

    public void OnMessage(ToRollbackCoordinator message) => Perform(_coordinator!.OnMessage(message));

    /// <summary>A round has found a label that its sender does not know: its receiver depends on undone work.</summary>
    public void OnOrphanInRound(ParticipantId sender, MessageLabel label) =>
        Perform(_coordinator!.OnUndoneLabel(new Suspect(new Life(sender, label.Incarnation), label.Sequence)));

    private RollbackResult Ended(RollbackResult result)
    {
        log.RollbackAskedFor(result);
        return result;
    }

    private async Task WatchSilos(CancellationTokenSource watch)
    {
        try
        {
            await foreach (var (version, silos) in reach.Updates(watch.Token))
            {
                _silos.Clear();
                foreach (var silo in silos)
                {
                    _silos[silo.ToSiloId()] = silo;
                }

                foreach (var left in _outboxes.Keys.Where(silo => !_silos.ContainsKey(silo)).ToList())
                {
                    _outboxes.Remove(left);
                }

                _membershipVersion = version.Value;
                Perform(_coordinator!.OnSilos(_silos.Keys));
            }

            // The silo is over, killed in a process that goes on: nobody else stops what runs here.
            _isStopped = true;
            await watch.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The coordinator stops.
        }
    }

    private async Task Forget(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(recovery.Memory / 2, time);
        while (await timer.NextTick(cancellationToken))
        {
            _coordinator!.ForgetOlder();
        }
    }

    private void Perform(ImmutableArray<RollbackEffect> effects)
    {
        if (_isStopped)
        {
            return;
        }

        foreach (var effect in effects)
        {
            switch (effect)
            {
                case TellParticipant tell:
                    messenger.Send(tell.Message);
                    break;
                case TellAgent tell:
                    OutboxOf(tell.To)?.Add(tell.Message);
                    break;
                case TellAgentOfCleared tell:
                    foreach (var life in tell.Message.Lives)
                    {
                        OutboxOf(tell.To)?.Add(life);
                    }

                    break;
                case TellAgentToTest tell:
                    if (_silos.TryGetValue(tell.To, out var silo))
                    {
                        _ = Test(silo, tell.Message);
                    }

                    break;
                case PauseRounds pause:
                    rounds.Begin(() => Perform(_coordinator!.OnRoundsPaused(pause.Request)));
                    break;
                case ResumeRounds:
                    rounds.End();
                    break;
                case BoundPause bound:
                    _ = BoundPause(bound.Request);
                    break;
                case RollbackRequestEnded ended:
                    _ = Answer(ended);

                    break;
                case StopOutdated:
                    stopOutdated();
                    return;
                case RollbackDecided decided:
                    if (decided.IsClosed)
                    {
                        log.RollbackDecided(decided.Lives.Length);
                    }
                    else
                    {
                        log.RollbackWithoutAnswers(decided.Lives.Length, decided.AwaitedInVain);
                    }

                    break;
            }
        }

        messenger.Flush();
        foreach (var outbox in _outboxes.Values)
        {
            outbox.Flush();
        }

        if (_coordinator!.IsBusy && !_resends)
        {
            _resends = true;
            _ = Resend();
        }
    }

    /// <summary>Who has asked wants to find the grains in their next lives, and not to be refused by those that stop.</summary>
    private async Task Answer(RollbackRequestEnded ended)
    {
        for (var waited = TimeSpan.Zero; ended.Outcome.IsDecided && _coordinator!.IsBusy && waited < maxPause; waited += LookInterval)
        {
            await Task.Delay(LookInterval, time);
        }

        if (_requests.Remove(ended.Request, out var request))
        {
            request.TrySetResult(ended.Outcome);
        }
    }

    private async Task BoundPause(Guid request)
    {
        await Task.Delay(maxPause * 0.9, time);
        Perform(_coordinator!.OnPauseDue(request));
    }

    private async Task Test(SiloAddress silo, TestEnds test)
    {
        try
        {
            OnObeyed(await agents.To(silo, agent => agent.TestEnds(RollbackMessageCodec.Encode(test))));
        }
        catch (Exception)
        {
            // The silo is gone, or will be asked again.
        }
    }

    /// <summary>RB-24: a silo says which coordinator it obeys.</summary>
    private void OnObeyed(long epoch) => Perform(_coordinator!.OnRefused(epoch));

    private FactsOutbox? OutboxOf(SiloId id)
    {
        if (!_outboxes.TryGetValue(id, out var outbox) && _silos.TryGetValue(id, out var silo))
        {
            _outboxes[id] = outbox = new FactsOutbox(agents, silo, OnObeyed);
        }

        return outbox;
    }

    private async Task Resend()
    {
        await Task.Delay(ResendInterval, time);
        _resends = false;
        standDownIfLeaving();
        if (_isStopped)
        {
            return;
        }

        if (!_coordinator!.IsBusy)
        {
            _waited = TimeSpan.Zero;
        }
        else if ((_waited += ResendInterval) >= ComplainInterval)
        {
            _waited = TimeSpan.Zero;
            log.RecoveryWaits(_coordinator!.AwaitedAnswers);
        }

        Perform(_coordinator!.OnResendDue());
    }
}
