using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Participants;

/// <summary>The part of one activation in rollbacks: hands the algorithm what happens and performs what it asks for. Runs on the activation's scheduler.</summary>
internal sealed class ParticipantRollback(
    ParticipantHost host, CheckpointedActivation activation, CheckpointSlots slots, ObservedGrain observed, ParticipantServices services)
{
    private const int NoticesToTheNextLife = 5;

    private static readonly TimeSpan PauseBetweenNotices = TimeSpan.FromMilliseconds(200);

    private readonly string _grain = activation.Context.GrainId.ToString();
    private RollbackParticipant? _algorithm;
    private RequestedRollbackMember? _requested;
    private long _began;
    private long _lastHeard;
    private bool _isToldOfRollback;
    private Examination? _examination;

    private Ledger Ledger => activation.Ledger;

    /// <summary>Whether this life cannot go on: it is an orphan, or has been told so.</summary>
    public bool MustRollBack => _algorithm is { } algorithm && (algorithm.Phase != RollbackPhase.Running || Ledger.IsOrphan(services.Rollbacks.Undone));

    /// <summary>Whether <see cref="TakeCare"/> has something to do. May be asked from any thread.</summary>
    public bool NeedsCare => _algorithm is { MustFence: true } || IsUnderWay;

    /// <summary>From any thread: it takes no calls until it is decided whether it rolls back, or until it has.</summary>
    public bool IsUnderWay => IsReady || IsRequested;

    /// <summary>It takes part in a rollback that somebody has asked for, and does not know yet whether that happens.</summary>
    public bool IsRequested => _requested is { IsGateClosed: true } && !IsReady;

    private bool IsReady => _algorithm is { Phase: RollbackPhase.Ready };

    /// <summary>A life takes part from now on.</summary>
    /// <param name="checkpoint">Its part in rounds.</param>
    /// <param name="hasMoved">It goes on with what another activation handed over (RB-12); else it starts from the permanent checkpoint.</param>
    public void Begin(CheckpointParticipant checkpoint, bool hasMoved)
    {
        _algorithm = new RollbackParticipant(Ledger, checkpoint, services.Rollbacks.Undone);
        _requested = new RequestedRollbackMember(Ledger, checkpoint, _algorithm, services.Rollbacks.Undone, Guid.NewGuid);
        Volatile.Write(ref _began, services.Time.GetTimestamp());
        if (hasMoved)
        {
            host.Perform(_algorithm.OnArrived());
        }

        // When a life that has moved here began is not known: it may have been shortly before.
        if (!host.IsStopped && services.Rollbacks.MayHaveLivePredecessors)
        {
            host.Perform(_algorithm.OnSiloGone());
        }
    }

    /// <summary>
    /// From now on it is told of losses and examined. What happened while it started, in its OnActivateAsync or on its way from another silo, nobody has looked at.
    /// </summary>
    public void OnInReach()
    {
        if (services.Rollbacks.MayHaveLivePredecessors && !host.IsStopped)
        {
            host.Perform(_algorithm!.OnSiloGone());
        }

        if (!Ledger.IsClean || Ledger.HasLostCall)
        {
            services.Rollbacks.ReportSoon();
        }
    }

    /// <summary>A silo is gone: a life that began shortly before may have taken the place of one there.</summary>
    public void PostSiloGone()
    {
        if (!HasJustBegun())
        {
            return;
        }

        services.InTurnOf(activation.Context, () =>
        {
            if (_algorithm is { } algorithm && !host.IsStopped && HasJustBegun())
            {
                host.Perform(algorithm.OnSiloGone());
            }
        });

        bool HasJustBegun() => Volatile.Read(ref _began) is var began && (began == 0 || services.Time.GetElapsedTime(began) < services.Rollbacks.NoticeLimit);
    }

    /// <summary>Looks for what makes this life an orphan or may do so, in a turn of its own. From any thread. Who asks before that turn has come shares it.</summary>
    public Examination Examine()
    {
        var mine = new Examination(services.Time.GetTimestamp());
        if (Interlocked.CompareExchange(ref _examination, mine, null) is { } awaited)
        {
            return awaited;
        }

        InTurn(() =>
        {
            Interlocked.Exchange(ref _examination, null);
            return ExamineNow();
        }, mine);
        return mine;
    }

    /// <summary>Looks at the ledger in a turn of its own; not at that of an activation that has stopped.</summary>
    public Task<T?> Examine<T>(Func<Ledger, T?> look) => InTurn(() => _algorithm is null || host.IsStopped ? default : look(Ledger));

    private Task<T> InTurn<T>(Func<T> code)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        InTurn(code, done);
        return done.Task;
    }

    private void InTurn<T>(Func<T> code, TaskCompletionSource<T> done) => activation.Context.Scheduler.QueueAction(() =>
    {
        try
        {
            done.SetResult(code());
        }
        catch (Exception exception)
        {
            done.SetException(exception);
        }
    });

    public void OnMessage(ToRollbackParticipant message)
    {
        if (_algorithm is not { } algorithm || _requested is not { } requested)
        {
            return;
        }

        if (IsReady ? message.Life.Equals(Ledger.Life) : !requested.IsGateClosed || RequestOf(message) == requested.Request)
        {
            // RB-5, RB-16: a message about somebody else, or another request, is no sign that the coordinator knows of this life, or of its request.
            _lastHeard = services.Time.GetTimestamp();
        }

        if (message is RollBack && !message.Life.Equals(Ledger.Life) && !_isToldOfRollback)
        {
            // This activation has taken the place of one that rolled back.
            _isToldOfRollback = true;
            var round = slots.Permanent?.Round ?? RoundNumber.None;
            observed.Tell(observer => observer.OnRolledBack(round.IsNone ? "" : round.ToString()));
        }

        host.Perform(message switch
        {
            AskLife ask => algorithm.OnAskLife(ask),
            PrepareToRollBack prepare => algorithm.OnPrepareToRollBack(prepare),
            RollBack rollBack => algorithm.OnRollBack(rollBack),
            AskToRollBack ask => requested.OnAskToRollBack(ask, observed.IsWillingToRollBack(), activation.Turns.IsQuiescent),
            HoldForRollBack hold => requested.OnHoldForRollBack(hold, activation.Turns.IsQuiescent),
            DoNotRollBack doNot => requested.OnDoNotRollBack(doNot),
            RollBackAsAsked rollBack => requested.OnRollBackAsAsked(rollBack),
            _ => throw new Protocol.ProtocolInvariantViolatedException($"A participant has no answer to {message}."),
        });
    }

    /// <summary>No handler is active and no call is outstanding.</summary>
    public ImmutableArray<ParticipantEffect> OnQuiescent() => _requested?.OnQuiescent() ?? [];

    /// <summary>RB-16: goes on as if nobody had asked for a rollback.</summary>
    public void GoOn()
    {
        if (IsRequested)
        {
            host.Perform(_requested!.OnSilence());
        }
    }

    /// <summary>A round may have ended for this participant.</summary>
    public ImmutableArray<ParticipantEffect> OnStep() => _algorithm?.OnDecided() ?? [];

    /// <summary>RB-5: says again that it is ready. RB-10: nobody asks again for a fence that this life has to write unasked.</summary>
    public void TakeCare()
    {
        host.Perform(_algorithm!.OnFenceDue());

        if (IsRequested && services.Time.GetElapsedTime(_lastHeard) > services.Options.MaxPause * 2)
        {
            GoOn();
        }

        if (IsReady && services.Time.GetElapsedTime(_lastHeard) > services.Options.DecisionPollInterval)
        {
            _lastHeard = services.Time.GetTimestamp();
            host.Perform(_algorithm!.OnSilence());
        }
    }

    /// <summary>False if that was the end of this activation.</summary>
    public bool Perform(ParticipantEffect effect)
    {
        switch (effect)
        {
            case SendToRollbackCoordinator send:
                services.Outbox.Send(activation.Context.GrainId, send.Message);
                return true;
            case HoldAllCalls:
                activation.Turns.Hold();
                return true;
            case WriteFence:
                services.Watch(_grain, Fence());
                return true;
            case StopHandlers:
                services.Log.StopsForRollback(_grain, Ledger.Life.ToString());
                activation.Stop();
                return true;
            case ReplaceActivation:
                services.Log.RolledBack(_grain, (slots.Permanent?.Round ?? RoundNumber.None).ToString());
                services.Metrics.RolledBack();
                host.Replace("it rolls back to its permanent checkpoint");

                // Not in a turn of this activation, which is over.
                _ = Task.Run(TellNextLife);
                return false;
            case StopSuperseded superseded:
                services.Log.Superseded(_grain, $"{superseded.Younger} has taken over from {Ledger.Life}");
                activation.Stop();
                services.Rollbacks.OnLifeStopped(Ledger.Life);
                host.Replace("another life has taken over");
                return false;
            default:
                throw new Protocol.ProtocolInvariantViolatedException($"{effect} is no effect of a participant.");
        }
    }

    private static Guid? RequestOf(ToRollbackParticipant message) => message switch
    {
        AskToRollBack ask => ask.Request,
        HoldForRollBack hold => hold.Request,
        DoNotRollBack doNot => doNot.Request,
        RollBackAsAsked rollBack => rollBack.Request,
        _ => null,
    };

    private ParticipantFinding ExamineNow()
    {
        if (_algorithm is not { } algorithm || host.IsStopped)
        {
            return ParticipantFinding.None;
        }

        host.Perform(algorithm.OnEndsInstalled());
        return host.IsStopped
            ? ParticipantFinding.None
            : new ParticipantFinding(
                Ledger.IsOrphan(services.Rollbacks.Undone) ? Ledger.Life : null, algorithm.Phase != RollbackPhase.Running, services.Rollbacks.SuspectsIn(Ledger));
    }

    /// <summary>
    /// The next life, wherever it is, hears from here too that it has taken the place of one that rolled back: the coordinator says so again only until it goes itself, and then the
    /// grain would never be told (<see cref="ICheckpointObserver.OnRolledBack"/>).
    /// </summary>
    private async Task TellNextLife()
    {
        var notice = RollbackMessageCodec.Encode(new RollBack(Ledger.Life));
        for (var left = NoticesToTheNextLife; left > 0 && !services.IsStopping; left--)
        {
            try
            {
                await services.GrainFactory.GetGrain(host.GrainId).AsReference<ICheckpointParticipantExtension>().Deliver(host.StoreId, notice);
                return;
            }
            catch (Exception exception)
            {
                services.Log.NextLifeNotTold(_grain, exception);
                await Task.Delay(PauseBetweenNotices, services.Time);
            }
        }
    }

    private async Task Fence()
    {
        var (outcome, detail) = await slots.WriteFence(host.StoreId, Ledger.Life.Incarnation);
        services.Log.Fenced(_grain, outcome, detail);
        if (!host.IsStopped)
        {
            host.Perform(_algorithm!.OnFenced(outcome));
        }
    }
}
