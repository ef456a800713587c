using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Enumerations (IAsyncEnumerable methods) that callers have begun and not ended. Between two calls of the enumeration protocol the method's code is
/// in the middle, so an open enumeration counts as a running handler (SPEC K10), and its next call continues what is counted already: it
/// passes a closed gate. A caller that stays away holds up a checkpoint no longer than <see cref="IdleLimit"/> while the code waits for it, and no longer than
/// <see cref="RunningLimit"/> while the code runs to the next element: it may well wait for something that never comes.
/// </summary>
/// <remarks>
/// One that no participant awaits, and that is open for longer, is a subscription: each of its elements is a call of its own, which begins when the gate is open. Mostly its code waits for an event;
/// that is not told from work, so it holds up a checkpoint for <see cref="SubscriptionLimit"/>. And all those that no participant awaits, or has asked for long, hold up one checkpoint no longer than
/// <see cref="RunningLimit"/> together, or a grain to which many subscribe would never have one.
/// </remarks>
/// <param name="turns">Of the activation.</param>
/// <param name="time">The clock.</param>
/// <param name="responseTimeout">The runtime ends an enumeration that nobody has asked for more during two of them.</param>
/// <param name="codeRuns">Told when code of an enumeration begins and ends to run to an element, whether or not a call waits for that.</param>
internal sealed class OpenEnumerations(TurnLock turns, TimeProvider time, TimeSpan responseTimeout, Action codeRuns)
{
    public static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(1);

    /// <summary>Much shorter than the runtime waits for a grain that is to stop, which saves its changes first.</summary>
    public static readonly TimeSpan RunningLimit = TimeSpan.FromSeconds(5);

    /// <summary>Every checkpoint of a grain whose subscribers get an element now and again has to wait so long.</summary>
    public static readonly TimeSpan SubscriptionLimit = TimeSpan.FromSeconds(0.25);

    private const int Many = 64;

    /// <summary>Whose code runs.</summary>
    private static readonly AsyncLocal<Enumeration?> Caller = new();

    private readonly TurnLock _turns = turns;
    private readonly TimeProvider _time = time;
    private readonly Action _codeRuns = codeRuns;
    private readonly Dictionary<Guid, Enumeration> _open = [];
    private readonly LatestEnumerations _ended = new();
    private TimeSpan _heldUpBefore;
    private TimeSpan _heldUpNow;
    private long? _attempt;
    private long _heldUpSince;
    private int _running;
    private int _looksAt = Many;

    public int Count => _open.Count;

    /// <summary>From any thread.</summary>
    public bool AnyRuns => Volatile.Read(ref _running) > 0;

    /// <summary>Whether there is no quiescent instant now because of them.</summary>
    public bool HoldUp()
    {
        var anyInUse = false;
        foreach (var (_, enumeration) in _open)
        {
            if (!IsInUse(enumeration))
                continue;

            // A participant that has gone may have left it open, and its code may call grains for ever.
            if (enumeration is { IsAwaitedByParticipant: true, HasEnded: false } && _time.GetElapsedTime(enumeration.LastUse) < RunningLimit)
                return true;

            anyInUse = true;
        }

        return anyInUse && !HaveHeldUpLongEnough();
    }

    /// <summary>The states are as in a permanent checkpoint.</summary>
    public void HoldUpNext() => (_heldUpBefore, _heldUpNow) = (TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>Whether a call for it, which no participant awaits, continues what counts as a running handler.</summary>
    public bool CountsAsHandler(Guid id) => _open.TryGetValue(id, out var enumeration) && !IsSubscription(enumeration);

    /// <summary>In an activation that is gone, with what its code had done since the last element.</summary>
    public bool BeganElsewhere(Guid id) => !_open.ContainsKey(id) && !_ended.Contains(id);

    /// <summary>This activation calls another grain, or is answered: if it is code of an enumeration that does so, that does not wait any more.</summary>
    public void CodeGoesOn()
    {
        if (Caller.Value is { HasEnded: false } enumeration && enumeration.All == this)
            enumeration.StepBegan = _time.GetTimestamp();
    }

    public IEnumerationCode CodeOf(Guid id) => new Code(this, id);

    public void CallBegins(Guid id, bool isAwaitedByParticipant) => Of(id).IsAwaitedByParticipant = isAwaitedByParticipant;

    public void CallEnded(Guid id, Response? answer)
    {
        var enumeration = Of(id);
        enumeration.LastUse = _time.GetTimestamp();
        enumeration.HasEnded = !EnumerationCall.LeavesOpen(answer);

        // Its code may not heed that nobody wants more.
        if (enumeration is { HasEnded: true, IsRunning: false })
            Forget(id);
    }

    /// <summary>One attempt after the other, until one succeeds.</summary>
    private bool HaveHeldUpLongEnough()
    {
        if (_turns.AwaitsQuiescenceSince is not { } since)
            return false;

        // What else holds it up does not count.
        if (since != _attempt)
            (_attempt, _heldUpSince, _heldUpBefore) = (since, _time.GetTimestamp(), _heldUpBefore + _heldUpNow);

        _heldUpNow = _time.GetElapsedTime(_heldUpSince);
        return _heldUpBefore + _heldUpNow >= RunningLimit;
    }

    private Enumeration Of(Guid id)
    {
        if (_open.TryGetValue(id, out var enumeration))
            return enumeration;

        if (_open.Count >= _looksAt)
            ForgetAbandoned();

        var now = _time.GetTimestamp();
        return _open[id] = new Enumeration(this) { Began = now, LastUse = now };
    }

    private void ForgetAbandoned()
    {
        foreach (var (id, enumeration) in _open)
        {
            if (!enumeration.IsRunning && _time.GetElapsedTime(enumeration.LastUse) > 4 * responseTimeout)
                Forget(id);
        }

        _looksAt = Math.Max(Many, 2 * _open.Count);
    }

    private void Forget(Guid id)
    {
        if (_open.Remove(id))
            _ended.Add(id);
    }

    private bool IsInUse(Enumeration enumeration) =>
        enumeration.IsRunning ? _time.GetElapsedTime(enumeration.StepBegan) < (IsSubscription(enumeration) ? SubscriptionLimit : RunningLimit)
        : _time.GetElapsedTime(enumeration.LastUse) < (enumeration.IsAwaitedByParticipant ? RunningLimit : IsSubscription(enumeration) ? TimeSpan.Zero : IdleLimit);

    private bool IsSubscription(Enumeration enumeration) => !enumeration.IsAwaitedByParticipant && _time.GetElapsedTime(enumeration.Began) >= RunningLimit;

    private sealed class Enumeration(OpenEnumerations all)
    {
        public OpenEnumerations All { get; } = all;

        public long Began { get; init; }

        public long LastUse { get; set; }

        /// <summary>As the last call for it says.</summary>
        public bool IsAwaitedByParticipant { get; set; }

        /// <summary>Its code runs to its next element, whether or not a call waits for that.</summary>
        public bool IsRunning { get; set; }

        /// <summary>Or has last called a grain.</summary>
        public long StepBegan { get; set; }

        public bool HasEnded { get; set; }
    }

    private sealed class Code(OpenEnumerations all, Guid id) : IEnumerationCode
    {
        public ValueTask<bool> ToNext<T>(IAsyncEnumerator<T> code)
        {
            var turn = all.IsSubscription(all.Of(id)) ? Turn.Always : Turn.Always | Turn.Nested;
            return all._turns.TryEnter(turn, Guid.Empty) ? Run(code, turn) : RunLater(code, turn);
        }

        /// <summary>It may be the code of a finally block. Whoever ends the enumeration waits for it, so it waits for no gate.</summary>
        public async ValueTask End(IAsyncDisposable code)
        {
            var enumeration = all.Of(id);
            Begins(enumeration);
            Caller.Value = enumeration;
            try
            {
                await code.DisposeAsync();
            }
            finally
            {
                Ended(enumeration);
            }
        }

        private async ValueTask<bool> RunLater<T>(IAsyncEnumerator<T> code, Turn turn)
        {
            await all._turns.Enqueue(turn, Guid.Empty, request: null).Admitted;
            if (all._turns.IsStopped)
            {
                // It stopped between the admission and this turn. What waits now waits for the end of the activation.
                all._turns.Exit(turn);
                return await RunLater(code, turn);
            }

            return await Run(code, turn);
        }

        private ValueTask<bool> Run<T>(IAsyncEnumerator<T> code, Turn turn)
        {
            var enumeration = all.Of(id);
            Begins(enumeration);
            all._turns.Exit(turn);
            var goesOn = false;
            try
            {
                Caller.Value = enumeration;
                var next = code.MoveNextAsync();
                goesOn = !next.IsCompleted;
                return goesOn ? RunTo(enumeration, next) : next;
            }
            finally
            {
                Caller.Value = null;
                if (!goesOn)
                    Ended(enumeration);
            }
        }

        private async ValueTask<bool> RunTo(Enumeration enumeration, ValueTask<bool> next)
        {
            try
            {
                return await next;
            }
            finally
            {
                Ended(enumeration);
            }
        }

        private void Begins(Enumeration enumeration)
        {
            (enumeration.IsRunning, enumeration.StepBegan) = (true, all._time.GetTimestamp());
            all._running++;
            all._codeRuns();
        }

        private void Ended(Enumeration enumeration)
        {
            enumeration.IsRunning = false;
            all._running--;
            if (enumeration.HasEnded)
                all.Forget(id);

            all._codeRuns();
            all._turns.CaptureSoonIfQuiescent();
        }
    }
}
