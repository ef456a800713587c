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
    ParticipantMessenger messenger, ICheckpointAgentClient agents, IClusterMembershipService membership, CoordinatorLog log, TimeProvider time)
{
    private static readonly TimeSpan ResendInterval = TimeSpan.FromMilliseconds(250);

    private readonly RollbackCoordinator _coordinator = new(Guid.NewGuid());
    private readonly Dictionary<SiloId, SiloAddress> _silos = [];
    private readonly Dictionary<SiloId, FactsOutbox> _outboxes = [];
    private Action? _stopWatching;
    private long _membershipVersion = -1;
    private bool _resends;
    private bool _isStopped;

    /// <summary>Whether something is lost and not made up for yet, here or on any silo.</summary>
    public async Task<bool> IsRecovering(CancellationToken cancellationToken)
    {
        var version = membership.CurrentSnapshot.Version.Value;
        if (_membershipVersion < version || _coordinator.IsBusy)
        {
            return true;
        }

        var settled = await Task.WhenAll(_silos.Values.Select(silo => agents.AgentOf(silo).HasSettled(version))).WaitAsync(cancellationToken);
        return _coordinator.IsBusy || !Array.TrueForAll(settled, static hasSettled => hasSettled);
    }

    public void Start()
    {
        var watch = new CancellationTokenSource();
        _stopWatching = watch.Cancel;
        _ = WatchSilos(watch.Token);
    }

    /// <summary>Acts no more.</summary>
    public void Stop()
    {
        _isStopped = true;
        _stopWatching?.Invoke();
    }

    public void OnMessage(ToRollbackCoordinator message) => Perform(_coordinator.OnMessage(message));

    /// <summary>A round has found a label that its sender does not know: its receiver depends on undone work.</summary>
    public void OnOrphanInRound(ParticipantId sender, MessageLabel label) =>
        OnMessage(new SuspectsReported([new Suspect(new Life(sender, label.Incarnation), label.Sequence)]));

    private async Task WatchSilos(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(cancellationToken))
            {
                _silos.Clear();
                foreach (var member in snapshot.Members.Values)
                {
                    if (member.Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping)
                    {
                        _silos[member.SiloAddress.ToSiloId()] = member.SiloAddress;
                    }
                }

                foreach (var left in _outboxes.Keys.Where(silo => !_silos.ContainsKey(silo)).ToList())
                {
                    _outboxes.Remove(left);
                }

                _membershipVersion = snapshot.Version.Value;
                Perform(_coordinator.OnSilos(_silos.Keys));
            }
        }
        catch (OperationCanceledException)
        {
            // The coordinator stops.
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
                case RollbackDecided decided:
                    log.RollbackDecided(decided.Lives.Length);
                    break;
            }
        }

        messenger.Flush();
        foreach (var outbox in _outboxes.Values)
        {
            outbox.Flush();
        }

        if (_coordinator.IsBusy && !_resends)
        {
            _resends = true;
            _ = Resend();
        }
    }

    private FactsOutbox? OutboxOf(SiloId id)
    {
        if (!_outboxes.TryGetValue(id, out var outbox) && _silos.TryGetValue(id, out var silo))
        {
            _outboxes[id] = outbox = new FactsOutbox(agents.AgentOf(silo));
        }

        return outbox;
    }

    private async Task Resend()
    {
        await Task.Delay(ResendInterval, time);
        _resends = false;
        if (!_isStopped)
        {
            Perform(_coordinator.OnResendDue());
        }
    }
}
