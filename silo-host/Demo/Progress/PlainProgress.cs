using System.Diagnostics;
using System.Globalization;

namespace Checkpointing.SiloHost.Demo.Progress;

/// <summary>Progress as lines, for files and pipes.</summary>
internal sealed class PlainProgress(TextWriter output) : IDemoProgress
{
    private static readonly TimeSpan BetweenFigures = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private TimeSpan _lastShown;

    public void Say(string line)
    {
        lock (_gate)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_watch.Elapsed.TotalSeconds,6:0.0} s  {line}"));
    }

    public void Show(DemoFigures figures)
    {
        lock (_gate)
        {
            if (_watch.Elapsed - _lastShown < BetweenFigures)
                return;

            _lastShown = _watch.Elapsed;
        }

        Say($"{figures.Acknowledged} transfers acknowledged, {figures.Rounds} rounds committed.");
    }
}
