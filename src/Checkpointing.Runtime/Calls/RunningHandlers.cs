using System.Threading.Tasks.Sources;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// The handlers of one activation that run asynchronously, so that all of them can be answered at once when it stops, whatever their code still waits for. To wait for
/// one of them allocates nothing: every call of the application does it. Single-threaded: all of it runs on the activation's scheduler.
/// </summary>
internal sealed class RunningHandlers
{
    [ThreadStatic]
    private static Running? _spare;

    private Running? _first;

    /// <summary>Completes when the handler has ended, or its activation has stopped. Await it once, without its context: it completes in the activation's turns.</summary>
    public ValueTask EndOf(Task handler)
    {
        var running = _spare ?? new Running();
        _spare = running.Next;
        return running.Begin(this, handler);
    }

    /// <summary>The activation has stopped: none of them is waited for any longer.</summary>
    public void Abandon()
    {
        while (_first is { } running)
            running.Abandon();
    }

    private sealed class Running : IValueTaskSource
    {
        private const int MostSpares = 64;

        private readonly Action _onHandlerEnded;
        private ManualResetValueTaskSourceCore<bool> _end;
        private RunningHandlers? _owner;
        private Running? _previous;
        private bool _isAbandoned;
        private int _sparesBehind;

        public Running() => _onHandlerEnded = OnHandlerEnded;

        /// <summary>The next one of the same activation, or the next spare one.</summary>
        public Running? Next { get; private set; }

        public ValueTask Begin(RunningHandlers owner, Task handler)
        {
            _owner = owner;
            _previous = null;
            Next = owner._first;
            if (Next is not null)
                Next._previous = this;

            owner._first = this;
            handler.GetAwaiter().UnsafeOnCompleted(_onHandlerEnded);
            return new ValueTask(this, _end.Version);
        }

        public void Abandon()
        {
            // Never used again: the handler still knows it.
            _isAbandoned = true;
            Leave();
            _end.SetResult(false);
        }

        void IValueTaskSource.GetResult(short token)
        {
            _end.GetResult(token);
            if (!_isAbandoned)
            {
                _end.Reset();
                Spare();
            }
        }

        ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _end.GetStatus(token);

        void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _end.OnCompleted(continuation, state, token, flags);

        private void OnHandlerEnded()
        {
            if (!_isAbandoned)
            {
                Leave();
                _end.SetResult(true);
            }
        }

        private void Spare()
        {
            _sparesBehind = _spare is { } spare ? spare._sparesBehind + 1 : 0;
            if (_sparesBehind < MostSpares)
            {
                Next = _spare;
                _spare = this;
            }
        }

        private void Leave()
        {
            if (_previous is { } previous)
                previous.Next = Next;
            else
                _owner!._first = Next;

            if (Next is { } next)
                next._previous = _previous;

            _owner = null;
            _previous = null;
            Next = null;
        }
    }
}
