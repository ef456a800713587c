using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Checkpointing.SiloHost.Demo.Progress;

/// <summary>Progress as a table that changes in place, for terminals.</summary>
internal sealed class LiveProgress : IDemoProgress
{
    private const int MostLines = 14;

    private readonly Lock _gate = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly Queue<string> _lines = new();
    private readonly LiveDisplayContext _display;
    private DemoFigures _figures = new();

    private LiveProgress(LiveDisplayContext display) => _display = display;

    public static Task<DemoReport> Run(Func<IDemoProgress, Task<DemoReport>> demo) =>
        AnsiConsole.Live(new Text("")).StartAsync(display => demo(new LiveProgress(display)));

    public void Say(string line)
    {
        lock (_gate)
        {
            _lines.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{_watch.Elapsed.TotalSeconds,6:0.0} s  {line}"));
            if (_lines.Count > MostLines)
                _lines.Dequeue();

            Refresh();
        }
    }

    public void Show(DemoFigures figures)
    {
        lock (_gate)
        {
            _figures = figures;
            Refresh();
        }
    }

    private void Refresh()
    {
        var load = NewTable("transfers acknowledged", "transfers lost", "rounds committed", "pause p50", "pause p99").AddRow(
            Number(_figures.Acknowledged),
            Number(_figures.Lost),
            Number(_figures.Rounds),
            Milliseconds(_figures.Pauses.Of(0.50)),
            Milliseconds(_figures.Pauses.Of(0.99)));
        var faults = NewTable("kills of one silo", "detection p50", "recovery p50", "grains rolled back", "kills of all", "rolling restarts").AddRow(
            Number(_figures.SiloKills),
            Milliseconds(_figures.Detections.Of(0.50)),
            Milliseconds(_figures.Recoveries.Of(0.50)),
            $"{Number(_figures.GrainsRolledBack)} of {Number(_figures.GrainsTotal)}",
            Number(_figures.ClusterKills),
            Number(_figures.RollingRestarts));
        _display.UpdateTarget(new Rows([load, faults, .. _lines.Select(line => new Text(line))]));
        _display.Refresh();

        static Table NewTable(params string[] columns) => new Table().Border(TableBorder.Rounded).AddColumns(columns);

        static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);

        static string Milliseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value} ms");
    }
}
