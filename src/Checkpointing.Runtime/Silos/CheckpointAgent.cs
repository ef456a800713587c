using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Runtime.Services;

namespace Checkpointing.Runtime.Silos;

/// <summary>One per silo: delivers control messages to local participants, looks after silent ones, and keeps the coordinator active.</summary>
[Reentrant]
[SuppressMessage("Performance", "CA1812", Justification = "Created by the silo.")]
internal sealed class CheckpointAgent : GrainService, ICheckpointAgent
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMilliseconds(250);

    private readonly ParticipantRegistry _registry;
    private readonly CoordinatorOutbox _outbox;
    private readonly LocalRollbacks _rollbacks;
    private readonly SilosWithoutGrains _silosWithoutGrains;
    private readonly ISiloStatusOracle _silos;
    private readonly IClusterMembershipService _membership;
    private readonly CheckpointingOptions _options;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _ended = new();

    public CheckpointAgent(
        GrainId grainId,
        Silo silo,
        ILoggerFactory loggerFactory,
        ParticipantRegistry registry,
        CoordinatorOutbox outbox,
        LocalRollbacks rollbacks,
        SilosWithoutGrains silosWithoutGrains,
        ISiloStatusOracle silos,
        IClusterMembershipService membership,
        IOptions<CheckpointingOptions> options,
        TimeProvider time)
        : base(grainId, silo, loggerFactory)
    {
        _registry = registry;
        _outbox = outbox;
        _rollbacks = rollbacks;
        _silosWithoutGrains = silosWithoutGrains;
        _silos = silos;
        _membership = membership;
        _options = options.Value;
        _time = time;
    }

    /// <summary>What this service does unasked; it ends with its silo.</summary>
    public Task Work { get; private set; } = Task.CompletedTask;

    public Task<ControlMessage[]> Deliver(Guid storeId, ControlMessage[] messages)
    {
        List<ControlMessage>? elsewhere = null;
        foreach (var message in messages)
        {
            if (_registry.TryGet(message.Participant, out var host))
            {
                host.Post(storeId, message);
            }
            else
            {
                (elsewhere ??= []).Add(message);
            }
        }

        return Task.FromResult(elsewhere is null ? [] : elsewhere.ToArray());
    }

    public Task<GrainId[]> ChangedParticipants() => Task.FromResult(_registry.All.Where(host => host.MayHaveChanged).Select(host => host.GrainId).ToArray());

    public Task<long> InstallEnds(byte[] install) => _rollbacks.Install(RollbackMessageCodec.DecodeInstallEnds(install));

    public Task<long> TestEnds(byte[] test) => _rollbacks.Test(RollbackMessageCodec.DecodeTestEnds(test));

    public Task ClearSuspects(byte[] cleared)
    {
        _rollbacks.OnSuspectsCleared(RollbackMessageCodec.DecodeSuspectsCleared(cleared));
        return Task.CompletedTask;
    }

    public Task<bool> HasSettled(long membershipVersion) => _rollbacks.HasSettled(membershipVersion);

    public Task CutOffCalls(long line)
    {
        _rollbacks.CutOffs.RaiseHere(line);
        return Task.CompletedTask;
    }

    public async Task GrainsHaveLeft(SiloAddress silo, long membershipVersion)
    {
        // Else a grain might be placed there once more.
        await _membership.Refresh(new MembershipVersion(membershipVersion));
        _silosWithoutGrains.Add(silo, _silos.IsDeadSilo);
    }

    public Task CallsUnderWay() => Task.WhenAll(_registry.AllWithStarting.Select(activation => activation.WhenOutstandingCallsEnd()));

    protected override Task StartInBackground()
    {
        // Outside this service's turns: the loops only queue work and make calls of their own. They go on to the very end: the grains of a silo are deactivated after this
        // service has stopped, and their last checkpoints need votes, and somebody who looks after those whose coordinator is silent.
        _ = Task.Run(_outbox.Run);
        Work = Task.WhenAll(
            Task.Run(WatchSilos),
            Task.Run(() => _rollbacks.Report(_ended.Token)),
            Task.Run(() => _rollbacks.Forget(_ended.Token)),
            Task.Run(() => Sweep(_ended.Token)),
            Task.Run(() => KeepCoordinatorActive(_stopping.Token)));
        return Task.CompletedTask;
    }

    public override async Task Stop()
    {
        await _stopping.CancelAsync();
        await base.Stop();
    }

    /// <summary>The silo's view of the membership ends with it, also if it is killed in a process that goes on and nobody stops its services; left to run on, they would keep all of it in memory.</summary>
    private async Task WatchSilos()
    {
        await _rollbacks.WatchSilos(_ended.Token);
        await _stopping.CancelAsync();
        await _ended.CancelAsync();
    }

    private async Task Sweep(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(SweepPeriod, _time);
        while (await timer.NextTick(cancellationToken))
        {
            foreach (var host in _registry.All)
            {
                if (host.NeedsCare)
                {
                    host.PostCare();
                }
            }
        }
    }

    private async Task KeepCoordinatorActive(CancellationToken cancellationToken)
    {
        if (_options.CheckpointInterval is not { } interval)
        {
            return;
        }

        using var timer = new PeriodicTimer(interval, _time);
        do
        {
            await _outbox.WakeCoordinator(cancellationToken);
        }
        while (await timer.NextTick(cancellationToken));
    }
}

/// <inheritdoc cref="ICheckpointAgentClient"/>
[SuppressMessage("Performance", "CA1812", Justification = "Created by the container.")]
internal sealed class CheckpointAgentClient(IServiceProvider services) : GrainServiceClient<ICheckpointAgent>(services), ICheckpointAgentClient
{
    public ICheckpointAgent AgentOf(SiloAddress silo) => GetGrainService(silo);
}
