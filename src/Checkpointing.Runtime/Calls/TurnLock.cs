using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Who runs on an activation, and when. Nested calls reach the incoming filter whatever is running there, so the exclusion of handlers is
/// this lock's work, always, by the same rules as the runtime's. It also holds the gate: while that is closed, root calls are parked and nested calls
/// pass (SPEC D6, K16).
/// </summary>
/// <remarks>
/// Single-threaded: everything here runs on the activation's scheduler. One queue, one pump. An uncontended call only counts up and down.
/// </remarks>
internal sealed class TurnLock(IWorkItemScheduler scheduler, TimeProvider time, TimeSpan defaultResponseTimeout)
{
    private readonly List<WaitingCall> _waiting = [];
    private int _waitingNested;
    private int _waitingBeside;
    private int _waitingReaders;
    private int _active;
    private int _blockers;
    private int _readOnlyBlockers;
    private int _yieldingBlockers;
    private int _outstanding;
    private int _outstandingOfEarlierPeriods;
    private TaskCompletionSource? _whenEarlierPeriodsEnd;
    private Dictionary<Guid, int>? _outstandingChains;
    private Action? _whenQuiescent;
    private long _awaitsQuiescenceSince;
    private Func<Exception>? _rejectsWith;

    /// <summary>While true, root calls are parked.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The activation rolls back: nothing is admitted any more, what waits waits for the end of the activation.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Nothing is admitted until the gate opens, nested calls neither.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Handlers whose code has begun and not ended.</summary>
    public int ActiveHandlers => _active;

    /// <summary>Two-way calls of this activation that have not ended, awaited or not.</summary>
    public int OutstandingCalls => _outstanding;

    /// <inheritdoc cref="CallOrigin.Period"/>
    public int Period { get; private set; }

    /// <summary>Calls in the queue: parked roots, and calls that wait for another handler.</summary>
    public int WaitingCalls => _waiting.Count;

    /// <summary>Since when a quiescent instant has been waited for; null if none is.</summary>
    public long? AwaitsQuiescenceSince => _whenQuiescent is null ? null : _awaitsQuiescenceSince;

    /// <summary>Told whenever a call starts to wait.</summary>
    public Action? CallWaits { get; set; }

    /// <summary>What waits, in order of arrival.</summary>
    public IReadOnlyList<WaitingCall> Waiting => _waiting;

    /// <summary>Further work that must end before a checkpoint, such as open enumerations.</summary>
    public Func<bool>? IsBusyOtherwise { get; set; }

    /// <summary>SPEC D5: no handler runs and no call is awaited from outside.</summary>
    public bool IsQuiescent => _active == 0 && _outstanding == 0 && IsBusyOtherwise?.Invoke() != true;

    /// <summary>A call arrives. True: it runs now. False: it must wait, see <see cref="Enqueue"/>.</summary>
    public bool TryEnter(Turn turn, Guid chain)
    {
        if (IsStopped || IsHeld || (IsClosed && (turn & Turn.Nested) == 0))
            return false;

        // First come, first served, except for calls that must not wait for who waits.
        var isFirst = IsClosed ? _waitingNested == 0 : _waiting.Count == 0;
        if (!RunsBesideAnything(turn, chain) && !RunsBesideReaders(turn) && !(isFirst && RunsBesideTheActive(turn)))
            return false;

        Begin(turn);
        return true;
    }

    public WaitingCall Enqueue(Turn turn, Guid chain, IInvokable? request)
    {
        var timeout = request is IRequest ? request.GetDefaultResponseTimeout() ?? defaultResponseTimeout : (TimeSpan?)null;
        var call = new WaitingCall(turn, chain, request, time.GetTimestamp(), timeout);
        if (_rejectsWith is { } reason)
        {
            call.Reject(reason());
            return call;
        }

        _waiting.Add(call);
        Count(call, 1);
        CallWaits?.Invoke();
        return call;
    }

    /// <summary>A handler has ended; its response is labelled already.</summary>
    public void Exit(Turn turn)
    {
        if ((turn & Turn.Waits) == 0)
            _active--;
        if ((turn & Turn.Always) == 0)
        {
            _blockers--;
            if ((turn & Turn.ReadOnly) != 0)
                _readOnlyBlockers--;
            if ((turn & Turn.Yielding) != 0)
                _yieldingBlockers--;
        }

        CaptureIfQuiescent();
        Pump();
    }

    public void CallSent(Guid chain)
    {
        _outstanding++;
        if (chain != Guid.Empty)
        {
            _outstandingChains ??= [];
            _outstandingChains[chain] = _outstandingChains.GetValueOrDefault(chain) + 1;
        }
    }

    public void CallEnded(Guid chain, int period)
    {
        _outstanding--;
        if (period != Period && --_outstandingOfEarlierPeriods == 0)
        {
            _whenEarlierPeriodsEnd!.SetResult();
            _whenEarlierPeriodsEnd = null;
        }

        if (chain != Guid.Empty && --_outstandingChains![chain] == 0)
            _outstandingChains.Remove(chain);

        // If nobody awaits it.
        CaptureSoonIfQuiescent();
    }

    /// <summary>When all calls that are outstanding now have ended.</summary>
    public Task WhenOutstandingCallsEnd()
    {
        Period++;
        _outstandingOfEarlierPeriods = _outstanding;
        if (_outstanding == 0)
            return Task.CompletedTask;

        _whenEarlierPeriodsEnd ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _whenEarlierPeriodsEnd.Task;
    }

    /// <summary>Roots are parked from now on.</summary>
    public void Close() => IsClosed = true;

    /// <summary>Parked roots are admitted, one after another, in the order of their arrival.</summary>
    public void Open()
    {
        IsClosed = false;
        IsHeld = false;
        Pump();
    }

    /// <summary>Stands still until the gate opens: whatever arrives waits.</summary>
    public void Hold() => IsHeld = true;

    /// <summary>For good: no call is admitted, and no quiescent instant comes.</summary>
    public void Stop()
    {
        IsStopped = true;
        _whenQuiescent = null;
    }

    /// <summary>
    /// Calls <paramref name="capture"/> in the turn in which the activation becomes quiescent, before the next call is admitted (SPEC K17):
    /// at once if it is now. It replaces a capture asked for earlier. It must not throw.
    /// </summary>
    public void WhenQuiescent(Action capture)
    {
        if (IsStopped)
            return;

        if (_whenQuiescent is null)
            _awaitsQuiescenceSince = time.GetTimestamp();

        _whenQuiescent = capture;
        CaptureIfQuiescent();
    }

    public void ForgetCapture() => _whenQuiescent = null;

    /// <summary>
    /// Ends every waiting call with an error: the activation will not run them any more. So does it with those that still come, such as timers and calls that
    /// another filter had held up: the runtime deactivates nothing that it believes to be running.
    /// </summary>
    public void RejectWaiting(Func<Exception> reason)
    {
        _rejectsWith = reason;
        foreach (var call in _waiting)
            call.Reject(reason());

        _waiting.Clear();
        _waitingNested = 0;
        _waitingBeside = 0;
        _waitingReaders = 0;
    }

    /// <summary>To be called too when there may be a quiescent instant although no call has ended, as when an enumeration is no longer in use.</summary>
    public void CaptureIfQuiescent()
    {
        if (_whenQuiescent is { } capture && IsQuiescent)
        {
            _whenQuiescent = null;
            capture();
        }
    }

    /// <summary>Lets the code behind what has ended run first, then looks.</summary>
    public void CaptureSoonIfQuiescent()
    {
        if (_whenQuiescent is not null && IsQuiescent)
            scheduler.QueueAction(CaptureIfQuiescent);
    }

    private void Pump()
    {
        if (IsStopped || IsHeld || (IsClosed && _waitingNested == 0))
            return;

        // Behind one that has to wait hardly anybody may run: a busy grain looks at the head of its queue.
        var isBlocked = false;
        for (var i = 0; i < _waiting.Count && !(isBlocked && _waitingBeside == 0 && !(_waitingReaders > 0 && OnlyReadersRun));)
        {
            var call = _waiting[i];
            if (IsClosed && call.IsRoot)
            {
                i++;
            }
            else if (call.Expired(time) is { } reason)
            {
                Remove(i);
                call.Reject(reason);
            }
            else if (RunsBesideAnything(call.Turn, call.Chain) || RunsBesideReaders(call.Turn) || (!isBlocked && RunsBesideTheActive(call.Turn)))
            {
                Remove(i);
                Begin(call.Turn);
                call.Admit();
            }
            else
            {
                isBlocked = true;
                i++;
            }
        }
    }

    private void Remove(int index)
    {
        Count(_waiting[index], -1);
        _waiting.RemoveAt(index);
    }

    private void Count(WaitingCall call, int change)
    {
        _waitingNested += call.IsRoot ? 0 : change;
        _waitingBeside += call.Chain != Guid.Empty || Interleaves(call.Turn) ? change : 0;
        _waitingReaders += IsNestedReader(call.Turn) ? change : 0;
    }

    private void Begin(Turn turn)
    {
        if ((turn & Turn.Waits) == 0)
            _active++;
        if ((turn & Turn.Always) != 0)
            return;

        _blockers++;
        if ((turn & Turn.ReadOnly) != 0)
            _readOnlyBlockers++;
        if ((turn & Turn.Yielding) != 0)
            _yieldingBlockers++;
    }

    private bool RunsBesideAnything(Turn turn, Guid chain) =>
        Interleaves(turn)
        || (chain != Guid.Empty && _outstandingChains?.ContainsKey(chain) == true);

    private bool OnlyReadersRun => _blockers > 0 && _readOnlyBlockers == _blockers;

    /// <summary>Somebody who reads may wait for it: if it waited for a writer that waits for that reader, all of them would wait for ever. So the runtime lets it pass too.</summary>
    private bool RunsBesideReaders(Turn turn) => IsNestedReader(turn) && OnlyReadersRun;

    private static bool IsNestedReader(Turn turn) => (turn & (Turn.Nested | Turn.ReadOnly)) == (Turn.Nested | Turn.ReadOnly);

    private static bool Interleaves(Turn turn) => (turn & (Turn.Always | Turn.Yielding)) != 0;

    private bool RunsBesideTheActive(Turn turn) =>
        _blockers == 0
        || ((turn & Turn.ReadOnly) != 0 && _readOnlyBlockers == _blockers)
        || _yieldingBlockers == _blockers;
}
