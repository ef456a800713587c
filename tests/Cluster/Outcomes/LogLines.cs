using Checkpointing.Cluster.Tests.Kit;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Keeps what the library logs, and tells who waits for a line.</summary>
public sealed class LogLines : ILoggerProvider
{
    private const int LinesShown = 400;

    private readonly Lock _lock = new();
    private readonly List<(DateTimeOffset At, LogLevel Level, string Text)> _lines = [];
    private readonly List<(string Start, Signal Signal)> _awaited = [];

    public IReadOnlyList<(LogLevel Level, string Text)> All
    {
        get
        {
            lock (_lock)
                return [.. _lines.Select(line => (line.Level, line.Text))];
        }
    }

    /// <summary>Completes as soon as a line begins so.</summary>
    public Task Until(string start)
    {
        var signal = new Signal();
        lock (_lock)
        {
            if (_lines.Exists(line => line.Text.StartsWith(start, StringComparison.Ordinal)))
                return Task.CompletedTask;

            _awaited.Add((start, signal));
        }

        return signal.Happens;
    }

    /// <summary>The last lines with their times, for whoever looks for the cause of a failure.</summary>
    public override string ToString()
    {
        lock (_lock)
            return string.Join(Environment.NewLine, _lines.TakeLast(LinesShown).Select(line => $"{line.At:HH:mm:ss.fff} {line.Level} {line.Text}"));
    }

    /// <summary>Something that the test itself has seen.</summary>
    public void Note(string text) => Add(LogLevel.None, text);

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("Checkpointing", StringComparison.Ordinal) ? new Writer(this) : Silent.Instance;

    public void Dispose()
    {
    }

    private void Add(LogLevel level, string text)
    {
        lock (_lock)
        {
            _lines.Add((DateTimeOffset.UtcNow, level, text));
            foreach (var (_, signal) in _awaited.FindAll(awaited => text.StartsWith(awaited.Start, StringComparison.Ordinal)))
                signal.Set();
        }
    }

    private sealed class Writer(LogLines lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(logLevel, formatter(state, exception));
    }

    private sealed class Silent : ILogger
    {
        public static readonly Silent Instance = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => false;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
