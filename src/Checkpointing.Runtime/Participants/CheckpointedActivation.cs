using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Silos;
using Orleans.CodeGeneration;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Participants;

/// <summary>
/// One activation of a checkpointed grain: its ledger, and who may run on it. A plain component of the activation, found by
/// <c>context.GetComponent&lt;CheckpointedActivation&gt;()</c>.
/// </summary>
internal sealed class CheckpointedActivation : CallOrigin
{
    /// <summary>While a checkpoint waits only for enumerations: no end of a call says that one is no longer in use.</summary>
    private static readonly TimeSpan PauseBetweenLooks = TimeSpan.FromMilliseconds(50);

    private readonly GrainTypeTraits _traits;
    private readonly TimeProvider _time;
    private readonly TimeSpan _responseTimeout;
    private readonly LocalRollbacks _rollbacks;
    private Func<IInvokable, bool>? _mayInterleave;
    private OpenEnumerations? _enumerations;
    private IInvokable? _tick;
    private LabelledRequest? _lastNested;
    private Ledger _ledger;
    private bool _looksAgain;
    private volatile bool _isAlwaysConcerned;

    public CheckpointedActivation(
        IGrainContext context, GrainTypeTraits traits, Ledger ledger, LocalRollbacks rollbacks, TimeProvider time, TimeSpan defaultResponseTimeout)
    {
        Context = context;
        _ledger = ledger;
        Turns = new TurnLock(context.Scheduler, time, defaultResponseTimeout);
        _traits = traits;
        _rollbacks = rollbacks;
        _time = time;
        _responseTimeout = defaultResponseTimeout;
        ForgetPeers();
    }

    public IGrainContext Context { get; }

    /// <summary>Labels and receipts of the present life; a new life brings a new one.</summary>
    public Ledger Ledger
    {
        get => _ledger;
        set
        {
            _ledger = value;
            ForgetPeers();
        }
    }

    /// <summary>From whom this life may have received something that its permanent checkpoint does not remember.</summary>
    public PeerFilter Peers { get; } = new();

    /// <summary>Turn lock and gate.</summary>
    public TurnLock Turns { get; }

    /// <summary>
    /// A handler that is not read-only has run since this was last cleared. Whoever takes a checkpoint clears it in the same turn, and sets it
    /// again if the checkpoint is undone.
    /// </summary>
    public bool StateMayHaveChanged { get; set; }

    /// <summary>Called before the first call is admitted: from then on the activation has started, OnActivateAsync included.</summary>
    public Action? OnFirstCall { get; set; }

    /// <summary>Read-only calls that run here and have left no trace so far: their receipts are recorded at their ends, or never.</summary>
    public int UntracedReads { get; set; }

    /// <summary>Copies that were sent although an earlier one may have arrived, and have not been answered yet.</summary>
    public int RepeatsOutstanding { get; private set; }

    /// <summary>Nothing here differs from the permanent checkpoint, as far as the grain's code has told.</summary>
    public bool IsUntouched => !StateMayHaveChanged && Ledger.IsClean;

    /// <summary>SPEC K6: nothing here differs, so a read-only answer is no dependency. Code of an enumeration that runs may have changed what it has not told yet.</summary>
    public bool IsCertainlyUntouched => !StateMayDiffer && Ledger.IsClean;

    public bool StateMayDiffer => StateMayHaveChanged || _enumerations?.AnyRuns == true;

    /// <summary>The running handlers are answered when the activation stops because it rolls back, whatever their code still does.</summary>
    public RunningHandlers Handlers { get; } = new();

    public override LocalRollbacks Rollbacks => _rollbacks;

    public override bool IsSuspect => _rollbacks.MaySuspect(Ledger);

    public override bool IsStopped => Turns.IsStopped;

    /// <summary>Half of a call chain of this life is undone. What it answers now would be undone too.</summary>
    public bool HasLostCall => Ledger.HasLostCall;

    public override bool IsAwaitedByParticipant => true;

    /// <summary>This one, and those that await the calls that run here.</summary>
    public override IEnumerable<ParticipantId> Awaiting
    {
        get
        {
            yield return Ledger.Life.Participant;
            for (var nested = _lastNested; nested is not null; nested = nested.RunsBeside)
            {
                if (nested.AwaitedBy is { } participant)
                    yield return participant;
            }
        }
    }

    /// <summary>A call that a participant awaits was admitted.</summary>
    public void NestedCallBegan(LabelledRequest request)
    {
        request.RunsBeside = _lastNested;
        _lastNested = request;
    }

    public void NestedCallEnded(LabelledRequest request)
    {
        if (_lastNested == request)
        {
            _lastNested = request.RunsBeside;
            return;
        }

        for (var later = _lastNested; later is not null; later = later.RunsBeside)
        {
            if (later.RunsBeside == request)
            {
                later.RunsBeside = request.RunsBeside;
                return;
            }
        }
    }

    public override StampSet LabelNext(GrainId receiver, CallRole receiverRole)
    {
        _enumerations?.CodeGoesOn();
        return new(receiverRole == CallRole.Participant ? Ledger.Send(receiver.ToParticipantId()) : Ledger.Send());
    }

    /// <summary>This life takes no checkpoint while it waits for the answer, so nothing of the call becomes permanent meanwhile.</summary>
    public override long SentUnder(CallRole receiverRole) => receiverRole == CallRole.Participant ? _rollbacks.CutOffs.Line : CallCutOff.Unchecked;

    public long CutOffLine => _rollbacks.CutOffs.Line;

    /// <summary>RB-20: whether a call that has been admitted may run.</summary>
    public CallFate FateOf(LabelledRequest request) =>
        _rollbacks.CutOffs.Refuses(request.SentUnder) ? CallFate.TooOld
        : request.MayHaveArrived && (UntracedReads > 0 || Ledger.MayHaveReceived(request.Stamps.First)) ? CallFate.LostForGood
        : CallFate.Answered;

    /// <summary>The label of the response to a request with these stamps.</summary>
    public StampSet LabelResponse(in StampSet request) =>
        new(request.Count == 1 ? Ledger.Send(request.First.Sender.Participant) : Ledger.Send());

    public override bool TryReceive(in StampSet stamps)
    {
        if (stamps.IsEmpty)
            return true;

        Peers.Add(stamps.First.Sender);
        foreach (var stamp in stamps.Others)
            Peers.Add(stamp.Sender);

        if (_rollbacks.Drop(stamps))
            return false;

        Receive(stamps.First);
        foreach (var stamp in stamps.Others)
            Receive(stamp);

        return true;
    }

    /// <summary>What has become permanent is no concern of any rollback.</summary>
    public void ForgetPeers()
    {
        Peers.Reset(_ledger.AllReceipts());
        _isAlwaysConcerned = _ledger.HasLostCall || !_ledger.Received.OfSeveralLives().IsEmpty;
    }

    /// <summary>What a tentative checkpoint remembered counts again: two lives may meet by that (RB-14).</summary>
    public void RememberPeers()
    {
        ForgetPeers();
        if (_isAlwaysConcerned)
            _rollbacks.ReportSoon();
    }

    /// <summary>Whether this life has to look at its ledger when these silos are gone, or lives of these participants have ended. From any thread.</summary>
    public bool MayBeConcerned(PeerFilter lost) => _isAlwaysConcerned || Peers.Meets(lost) || _rollbacks.Undone.Knows(_ledger.Life);

    public override void RepeatSent() => RepeatsOutstanding++;

    public override void RepeatEnded() => RepeatsOutstanding--;

    public override bool LoseCall(bool isAwaited)
    {
        Ledger.LoseCall();
        _isAlwaysConcerned = true;
        _rollbacks.ReportSoon();
        return true;
    }

    /// <summary>For good: this life rolls back.</summary>
    public void Stop()
    {
        Turns.Stop();

        // In a turn of its own: this one may be in the middle of other effects.
        Context.Scheduler.QueueAction(Handlers.Abandon);
    }

    public override void CallSent(Guid chain) => Turns.CallSent(chain);

    public override void CallEnded(Guid chain, int period)
    {
        _enumerations?.CodeGoesOn();
        Turns.CallEnded(chain, period);
    }

    public override int Period => Turns.Period;

    /// <summary>When the calls that this activation has under way now have ended. From any thread.</summary>
    public Task WhenOutstandingCallsEnd()
    {
        if (Turns.OutstandingCalls == 0)
            return Task.CompletedTask;

        var counted = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        Context.Scheduler.QueueAction(() => counted.SetResult(Turns.WhenOutstandingCallsEnd()));
        return counted.Task.Unwrap();
    }

    /// <summary>How an arriving call may share this activation.</summary>
    public Turn TurnOf(IInvokable request, LabelledRequest? labelled)
    {
        var turn = labelled?.IsNested == true ? Turn.Nested : EnumerationCall.TryGetId(request, out var enumeration) ? TurnOfEnumeration(enumeration) : Turn.None;
        if (_traits.IsReentrant)
            return turn | Turn.Always | ReadOnlyOf(request);

        if (_traits.MayInterleave is not null && MayInterleave(request))
            turn |= Turn.Yielding;

        if (request is IRequest { Options: var options })
        {
            if ((options & InvokeMethodOptions.AlwaysInterleave) != 0)
                turn |= Turn.Always;
            if ((options & InvokeMethodOptions.ReadOnly) != 0)
                turn |= Turn.ReadOnly;
        }

        return turn;
    }

    /// <summary>How the callback of a timer may share it.</summary>
    public Turn TurnOfTimer(bool interleaves) =>
        interleaves || _traits.IsReentrant ? Turn.Always
        : _tick is { } tick && MayInterleave(tick) ? Turn.Yielding
        : Turn.None;

    /// <summary>Whether this request brings the callback of a timer. For the class's predicate one is like any other: none has arguments.</summary>
    public bool NoticeTick(IInvokable request)
    {
        if (!TimerTurns.IsTick(request.GetInterfaceName()))
            return false;

        if (_traits.MayInterleave is not null)
            _tick = request;

        return true;
    }

    /// <summary>Whether this call of a participant is for more of an enumeration that began in another activation.</summary>
    public bool HasLostEnumeration(IInvokable request, Guid id) => EnumerationCall.AsksForMore(request) && _enumerations?.BeganElsewhere(id) != false;

    /// <summary>A call of the enumeration protocol begins to run.</summary>
    public void EnumerationCallBegins(IInvokable request, Guid id, bool isAwaitedByParticipant)
    {
        Enumerations().CallBegins(id, isAwaitedByParticipant);
        if (EnumerationCall.Begins(request))
            WatchedEnumeration.Put(request, Enumerations().CodeOf(id));
    }

    /// <summary>It has ended: the enumeration may be open now, or closed.</summary>
    public void EnumerationCallEnded(Guid id, Response? answer) => Enumerations().CallEnded(id, answer);

    /// <summary>There is a permanent checkpoint that has the states as they are, or were a moment ago.</summary>
    public void StatesArePermanent() => _enumerations?.HoldUpNext();

    private OpenEnumerations Enumerations()
    {
        if (_enumerations is null)
        {
            _enumerations = new OpenEnumerations(Turns, _time, _responseTimeout, () => StateMayHaveChanged = true);
            Turns.IsBusyOtherwise = EnumerationsHoldUp;
        }

        return _enumerations;
    }

    private bool EnumerationsHoldUp()
    {
        if (!_enumerations!.HoldUp())
            return false;

        if (!_looksAgain && Turns.AwaitsQuiescenceSince is not null)
            _ = LookAgain();

        return true;
    }

    private async Task LookAgain()
    {
        _looksAgain = true;
        await Task.Delay(PauseBetweenLooks, _time);
        _looksAgain = false;
        Turns.CaptureIfQuiescent();
    }

    /// <summary>What the grain's own filter does beside the code is counted by nobody else.</summary>
    private Turn TurnOfEnumeration(Guid id) =>
        (_enumerations?.CountsAsHandler(id) == true ? Turn.Nested : Turn.None)
        | (Context.GrainInstance is IIncomingGrainCallFilter ? Turn.None : Turn.Waits);

    /// <summary>Whoever hears from a life that may be over has something to report.</summary>
    private void Receive(MessageStamp stamp)
    {
        var meetsAnotherLife = Ledger.Receive(stamp);
        _isAlwaysConcerned |= meetsAnotherLife;
        if (meetsAnotherLife || _rollbacks.Suspects(stamp))
            _rollbacks.ReportSoon();
    }

    private static Turn ReadOnlyOf(IInvokable request) =>
        request is IRequest { Options: var options } && (options & InvokeMethodOptions.ReadOnly) != 0 ? Turn.ReadOnly : Turn.None;

    private bool MayInterleave(IInvokable request)
    {
        _mayInterleave ??= InterleavePredicate.Bind(Context.GrainInstance!, _traits.MayInterleave);
        return _mayInterleave?.Invoke(request) == true;
    }
}
