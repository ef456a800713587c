using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Checkpointing.SiloHost.Demo;

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
        var table = new Table().Border(TableBorder.Rounded).AddColumns("transfers acknowledged", "rounds committed", "kills", "transfers lost", "pause p50", "pause p99");
        table.AddRow(
            Number(_figures.Acknowledged),
            Number(_figures.Rounds),
            Number(_figures.Kills),
            Number(_figures.Lost),
            string.Create(CultureInfo.InvariantCulture, $"{_figures.PauseQuantile(0.50)} ms"),
            string.Create(CultureInfo.InvariantCulture, $"{_figures.PauseQuantile(0.99)} ms"));
        _display.UpdateTarget(new Rows([table, .. _lines.Select(line => new Text(line))]));
        _display.Refresh();

        static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
    }
}
