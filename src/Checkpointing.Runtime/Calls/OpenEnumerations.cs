using Orleans.Serialization.Invocation;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// Enumerations (IAsyncEnumerable methods) that callers have begun and not ended. Between two calls of the enumeration protocol the method's code is
/// in the middle, so an open enumeration counts as a running handler (SPEC K10), and its next call continues what is counted already: it
/// passes a closed gate. A caller that stays away holds up a checkpoint no longer than <see cref="IdleLimit"/> while the code waits for it, and no longer than
/// <see cref="RunningLimit"/> while the code runs on to the next element: it may well wait for something that never comes.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="codeHasRun">Told when code of an enumeration has run although no call waits for it.</param>
internal sealed class OpenEnumerations(TimeProvider time, Action codeHasRun)
{
    public static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(1);

    /// <summary>Much shorter than the runtime waits for a grain that is to stop, which saves its changes first.</summary>
    public static readonly TimeSpan RunningLimit = TimeSpan.FromSeconds(5);

    private const int ManyOpen = 64;

    private readonly Action _codeHasRun = codeHasRun;

    private readonly Dictionary<Guid, Enumeration> _open = [];

    public bool AnyInUse
    {
        get
        {
            foreach (var (_, enumeration) in _open)
            {
                if (IsInUse(enumeration))
                    return true;
            }

            return false;
        }
    }

    public bool Continues(IInvokable request) => _open.Count > 0 && EnumerationCall.TryGetId(request, out var id) && _open.ContainsKey(id);

    public IEnumerationCode CodeOf(Guid id) => new Code(this, id);

    public void CallEnded(Guid id, Response? answer)
    {
        var enumeration = Of(id);
        enumeration.LastUse = time.GetTimestamp();
        enumeration.HasEnded = !EnumerationCall.LeavesOpen(answer);

        // Its code may not heed that nobody wants more.
        if (enumeration is { HasEnded: true, IsRunning: false })
            _open.Remove(id);
    }

    private Enumeration Of(Guid id)
    {
        if (_open.TryGetValue(id, out var enumeration))
            return enumeration;

        if (_open.Count >= ManyOpen)
            ForgetIdle();

        return _open[id] = new Enumeration { LastUse = time.GetTimestamp() };
    }

    private void ForgetIdle()
    {
        foreach (var (id, enumeration) in _open)
        {
            if (!enumeration.IsRunning && !IsInUse(enumeration))
                _open.Remove(id);
        }
    }

    private bool IsInUse(Enumeration enumeration) => time.GetElapsedTime(enumeration.LastUse) < (enumeration.IsRunning ? RunningLimit : IdleLimit);

    private sealed class Enumeration
    {
        public long LastUse { get; set; }

        /// <summary>Its code runs to its next element, whether or not a call waits for that.</summary>
        public bool IsRunning { get; set; }

        public bool HasEnded { get; set; }
    }

    private sealed class Code(OpenEnumerations all, Guid id) : IEnumerationCode
    {
        public ValueTask<bool> ToNext<T>(IAsyncEnumerator<T> code)
        {
            var next = code.MoveNextAsync();
            return next.IsCompleted ? next : RunTo(next);
        }

        public ValueTask End(IAsyncDisposable code) => code.DisposeAsync();

        private async ValueTask<bool> RunTo(ValueTask<bool> next)
        {
            var enumeration = all.Of(id);
            enumeration.IsRunning = true;
            try
            {
                return await next;
            }
            finally
            {
                enumeration.IsRunning = false;
                if (enumeration.HasEnded)
                    all._open.Remove(id);

                all._codeHasRun();
            }
        }
    }
}
