using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Hosting;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Checkpointing.Runtime.Coordination;

/// <summary>Hosts the protocol's coordinator on a grain and performs its effects: control messages, timers, and the record behind its ETag.</summary>
[Reentrant]
[GrainType(TypeName)]
[SuppressMessage("Performance", "CA1812", Justification = "Created by the silo.")]
internal sealed class CheckpointCoordinatorGrain : Grain, ICheckpointCoordinatorGrain, ICheckpointCoordinatorControl, IIncomingGrainCallFilter
{
    public const string TypeName = "checkpoint-coordinator";
    private static readonly TimeSpan LastWriteLimit = TimeSpan.FromSeconds(2);

    private readonly DecisionRecordKeeper _records;
    private readonly ParticipantMessenger _messenger;
    private readonly ChangedParticipants _changed;
    private readonly RollbackCoordinatorHost _rollbacks;
    private readonly SilosThatDiffer _differing;
    private readonly RoundPause _pause;
    private readonly DeactivationNotice _deactivation;
    private readonly GrainTypeTraitsResolver _traits;
    private readonly CheckpointingOptions _options;
    private readonly CheckpointingMetrics _metrics;
    private readonly RoundClock _clock;
    private readonly TimeProvider _time;
    private readonly CoordinatorLog _log;
    private readonly Dictionary<long, PendingCheckpoint> _pending = [];
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CheckpointCoordinator? _coordinator;
    private ImmutableArray<ParticipantId> _awaitedBy = [];
    private long _lastRequest;
    private bool _isPeriodicRoundRunning;
    private Task _writing = Task.CompletedTask;
    private long _lastAnswerAt;
    private bool _isRetired;

    public CheckpointCoordinatorGrain(
        CheckpointStorage storage,
        AgentCalls agents,
        ISiloStatusOracle silos,
        IClusterMembershipService membership,
        SilosInReach reach,
        SilosThatDiffer differing,
        GrainTypeTraitsResolver traits,
        IOptions<CheckpointingOptions> options,
        IOptions<ProofOptions> proofs,
        IOptions<RecoveryOptions> recovery,
        CheckpointingMetrics metrics,
        TimeProvider time,
        ILogger<CheckpointCoordinatorGrain> logger)
    {
        _messenger = new ParticipantMessenger(agents, silos, GrainFactory, OnUnreachable, time);
        _log = new CoordinatorLog(logger);
        _records = new DecisionRecordKeeper(new DecisionRecordStorage(storage.Provider, storage.Name, GrainContext.GrainId), _log, time);
        _pause = new RoundPause(() => _coordinator is not { Round: null });
        _rollbacks = new RollbackCoordinatorHost(StopOutdated, StandDownIfLeaving, _messenger, agents, membership, reach, _pause, options.Value.MaxPause, recovery.Value, _log, time);
        _differing = differing;
        _changed = new ChangedParticipants(agents, silos, _messenger, _log);
        _deactivation = new DeactivationNotice(() => GrainFactory.GetGrain<ICheckpointCoordinatorControl>(this.GetPrimaryKeyString()).KeepAlive(), time);
        _traits = traits;
        _options = options.Value;
        _metrics = metrics;
        _clock = new RoundClock(_options, proofs.Value, time, metrics);
        _time = time;
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var record = await _records.ReadFirst();
        _coordinator = new CheckpointCoordinator(record, Guid.NewGuid(), new CoordinatorLimits(_options.MaxAttempts));
        _messenger.StoreId = record.StoreId;
        Perform(_coordinator.Start());
        try
        {
            await _started.Task.WaitAsync(cancellationToken);
        }
        catch
        {
            StandDown();
            throw;
        }

        _rollbacks.Start(_coordinator.Record.Epoch);
        if (_options.CheckpointInterval is { } interval)
        {
            this.RegisterGrainTimer(TakePeriodicCheckpoint, new GrainTimerCreationOptions(interval, interval) { KeepAlive = true, Interleave = true });
        }
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (!_isRetired)
        {
            Perform(_coordinator!.OnStopping());
            await _writing.WaitAsync(LastWriteLimit, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        StandDown();
        if (_rollbacks.IsBusy)
        {
            // RB-25. This is passed on to the next activation.
            GrainFactory.GetGrain<ICheckpointCoordinatorControl>(this.GetPrimaryKeyString()).KeepAlive().Ignore();
        }
    }

    public Task<CheckpointResult> Checkpoint(GrainId grainId, CancellationToken cancellationToken) => Request([ParticipantOf(grainId)], _awaitedBy, cancellationToken);

    public async Task<CheckpointResult> CheckpointAll(CancellationToken cancellationToken)
    {
        var awaitedBy = _awaitedBy;
        var started = _time.GetTimestamp();
        var (changed, silent) = await _changed.Ask();
        var result = changed.IsEmpty
            ? new CheckpointResult { Status = CheckpointStatus.NothingToDo, Duration = _time.GetElapsedTime(started) }
            : await Request(changed, awaitedBy, cancellationToken);
        return result.WithoutSilos(silent);
    }

    public Task<RollbackResult> RollBack(GrainId grainId, CancellationToken cancellationToken) =>
        _rollbacks.RollBack(ParticipantOf(grainId), isPreview: false, cancellationToken);

    public Task<RollbackResult> PreviewRollBack(GrainId grainId, CancellationToken cancellationToken) =>
        _rollbacks.RollBack(ParticipantOf(grainId), isPreview: true, cancellationToken);

    public Task<bool> IsRecovering(CancellationToken cancellationToken) => _rollbacks.IsRecovering(cancellationToken);

    public Task<CheckpointResult> CheckpointBeforeStop(GrainId grainId, SiloAddress silo, CancellationToken cancellationToken)
    {
        var participant = grainId.ToParticipantId();
        _messenger.IsAt(participant, silo);
        return Request([participant], [], cancellationToken);
    }

    public Task Answer(ParticipantAnswers answers)
    {
        _lastAnswerAt = _time.GetTimestamp();
        for (var i = 0; i < answers.Messages.Length; i++)
        {
            if (answers.Messages[i] is { Algorithm: ControlAlgorithm.Rollback } answer)
            {
                if (!answer.Participant.IsDefault)
                {
                    _messenger.IsAt(answer.Participant.ToParticipantId(), answers.Silo);
                }

                _rollbacks.OnMessage(RollbackMessageCodec.DecodeToCoordinator(answer));
                continue;
            }

            var message = ControlMessageCodec.DecodeToCoordinator(answers.Messages[i]);
            _messenger.IsAt(message.From, answers.Silo);
            if (message is Voted { Yes: true })
            {
                _clock.OnStored(message.Round, answers.StoredBytes[i]);
            }

            Perform(_coordinator!.OnMessage(message));
        }

        return Task.CompletedTask;
    }

    public Task<StoredDecision> DecisionOf(Guid storeId, long epoch, long number)
    {
        if (storeId != _coordinator!.Record.StoreId)
        {
            return Task.FromResult(StoredDecision.Forgotten);
        }

        var round = new RoundNumber(epoch, number);
        Perform(_coordinator.OnLookup(round));
        return Task.FromResult(_coordinator.Lookup(round) switch
        {
            Decision.Committed => StoredDecision.Committed,
            Decision.Aborted => StoredDecision.Aborted,
            Decision.Forgotten => StoredDecision.Forgotten,
            _ => StoredDecision.Undecided,
        });
    }

    public Task KeepAlive() => Task.CompletedTask;

    /// <summary>Remembers who awaits this call: a request that is awaited inside the chain that its round must drain is refused (SPEC K14).</summary>
    async Task IIncomingGrainCallFilter.Invoke(IIncomingGrainCallContext context)
    {
        var caller = context.SourceId is { } source && _traits.Of(source.Type).Role == CallRole.Participant ? new[] { source } : [];
        _awaitedBy = [.. AwaitingChain.Take().Union(caller).Select(grain => grain.ToParticipantId())];
        await context.Invoke();
    }

    private async Task<CheckpointResult> Request(
        ImmutableArray<ParticipantId> initiators, ImmutableArray<ParticipantId> awaitedBy, CancellationToken cancellationToken)
    {
        if (_differing.Explain() is { } difference)
        {
            difference += " The previous permanent checkpoints still hold, and no new one is taken until that silo is gone or upgraded.";
            _log.SilosDiffer(difference);
            return new CheckpointResult { Status = CheckpointStatus.Aborted, Reason = CheckpointAbortReason.SilosDiffer, Detail = difference };
        }

        await _pause.WhenOver(cancellationToken);
        var pending = new PendingCheckpoint(_time.GetTimestamp(), awaitedBy.IsEmpty ? null : awaitedBy[0].ToGrainId());
        var id = ++_lastRequest;
        _pending.Add(id, pending);
        Perform(_coordinator!.OnRequest(new CheckpointRequest(id, initiators, awaitedBy)));
        return await pending.Result.WaitAsync(cancellationToken);
    }

    private ParticipantId ParticipantOf(GrainId grainId) => _traits.Of(grainId.Type).Role == CallRole.Participant
        ? grainId.ToParticipantId()
        : throw new ArgumentException(
            $"Grain {grainId} has no checkpointed state, so it can be neither checkpointed nor rolled back. Give its class a constructor parameter with [CheckpointedState].", nameof(grainId));

    private async Task TakePeriodicCheckpoint(CancellationToken cancellationToken)
    {
        if (_isPeriodicRoundRunning)
        {
            return;
        }

        _isPeriodicRoundRunning = true;
        try
        {
            var (changed, _) = await _changed.Ask();
            if (!changed.IsEmpty)
            {
                await Request(changed, [], cancellationToken);
            }
        }
        finally
        {
            _isPeriodicRoundRunning = false;
        }
    }

    private void Perform(ImmutableArray<CoordinatorEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SendToParticipant send:
                    _clock.OnSent(send.Message);
                    _messenger.Send(send.To, send.Message);
                    break;
                case WriteRecord write:
                    _writing = Write(write.Record);
                    break;
                case ReadRecord:
                    _ = Read();
                    break;
                case StartTimer start:
                    _ = RunTimer(start.Timer);
                    break;
                case CompleteRequest complete:
                    Complete(complete);
                    break;
                case ReportOrphan report:
                    _log.Orphan(report.Orphan.ToGrainId(), report.UndoneLabel.ToString(), report.Sender.ToGrainId());
                    _rollbacks.OnOrphanInRound(report.Sender, report.UndoneLabel);
                    break;
                case Retire:
                    _started.TrySetException(new InvalidOperationException("Another activation of the checkpoint coordinator has taken over. Ask again."));
                    StopOutdated();
                    break;
            }
        }

        if (_coordinator!.Phase == CoordinatorPhase.Ready)
        {
            _started.TrySetResult();
        }

        if (_coordinator.Round is null)
        {
            _clock.RoundEnded();
            _pause.OnNoRound();
        }

        _clock.OnAllSent();
        _messenger.Flush();
    }

    private void Complete(CompleteRequest complete)
    {
        if (_pending.Remove(complete.RequestId, out var pending))
        {
            var result = complete.Outcome.ToResult(pending.AwaitedBy, _clock, _time.GetElapsedTime(pending.StartedAt), complete.Attempts);
            _metrics.RequestEnded(result.Status, result.Reason);
            _log.RequestEnded(result);
            pending.Complete(result);
        }
    }

    private async Task Write(DecisionRecord record)
    {
        if (_coordinator is { Phase: CoordinatorPhase.Ready, Round: null })
        {
            _metrics.DecisionsDropped();
        }

        var outcome = await _records.Write(record);
        if (!_isRetired)
        {
            Perform(_coordinator!.OnRecordWritten(outcome));
        }
    }

    private async Task Read()
    {
        var record = await _records.Read(_coordinator!.Record.StoreId);
        if (!_isRetired)
        {
            Perform(_coordinator!.OnRecordRead(record));
        }
    }

    private async Task RunTimer(RoundTimer timer)
    {
        var duration = _clock.DurationOf(timer);
        if (timer.Kind == RoundTimerKind.ResendDue)
        {
            await WaitToResend(timer.Round, duration);
        }
        else
        {
            await Task.Delay(duration, _time);
        }

        if (timer.Kind == RoundTimerKind.RetryDue)
        {
            // RB-18: it begins a round.
            await _pause.WhenOver();
        }

        if (_isRetired)
        {
            return;
        }

        Perform(_coordinator!.OnTimer(timer));
    }

    /// <summary>While answers come in nothing need be lost, and asking a slow round again would only make it slower.</summary>
    private async Task WaitToResend(RoundNumber round, TimeSpan duration)
    {
        var began = _time.GetTimestamp();
        do
        {
            await Task.Delay(RoundClock.ResendInterval, _time);
            StandDownIfLeaving();
        }
        while (!_isRetired
            && _coordinator!.Round?.Number == round
            && (_time.GetElapsedTime(began) < duration || _time.GetElapsedTime(_lastAnswerAt) < RoundClock.ResendInterval));
    }

    /// <summary>Gates are open by then, or will be at the pause bound.</summary>
    private void StandDownIfLeaving()
    {
        if (!_isRetired && _deactivation.IsNoticed() && _coordinator!.Round is null or { IsVerified: true })
        {
            StandDown();
            _log.MakesRoom();
            // If it only seemed so, because the machine is busy, it leaves now: there must be one that acts.
            DeactivateOnIdle();
        }
    }

    /// <summary>Acts no more. What is not decided yet is decided by the next activation: members ask it.</summary>
    private void StandDown()
    {
        if (!_isRetired)
        {
            _isRetired = true;
            _rollbacks.Stop();
            Perform(_coordinator!.OnStop());
        }
    }

    private void StopOutdated()
    {
        StandDown();
        _log.Superseded();
        DeactivateOnIdle();
    }

    private void OnUnreachable(ParticipantId participant, ToParticipant message, string detail) =>
        Perform(_coordinator!.OnUnreachable(participant, message, detail));
}
