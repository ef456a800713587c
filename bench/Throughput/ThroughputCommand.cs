using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace Checkpointing.Bench.Throughput;

/// <summary><c>bench throughput</c>: the four modes side by side, in short runs that take turns.</summary>
internal static class ThroughputCommand
{
    private const int Accounts = 256;
    private const double DefaultWarmUpSeconds = 1.5;
    private const double LongestWarmUpSeconds = 60;

    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortestRun = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var seconds = Number("--seconds", "Seconds that each mode is measured, in runs of 1 to 2 seconds that alternate with the other modes.", 10, 600);
        var callers = Number("--callers", "Callers at the same time.", 16, 1024);
        var warmUp = WarmUp();
        var json = new Option<bool>("--json") { Description = "Print the figures as one JSON object, as the last line." };
        var data = new Option<string>("--data") { Description = "Where the stores are kept while it runs: the disk that is measured.", DefaultValueFactory = _ => "data" };
        var command = new Command("throughput", "Transfers per second without persistence, with a write on every call, and with checkpoints.") { seconds, callers, warmUp, json, data };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var options = Plan(
                TimeSpan.FromSeconds(parsed.GetValue(seconds)), TimeSpan.FromSeconds(parsed.GetValue(warmUp)), parsed.GetValue(callers), parsed.GetRequiredValue(data));
            return await Run(options, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static Option<int> Number(string name, string description, int defaultValue, int maximum)
    {
        var option = new Option<int>(name) { Description = $"{description} 1 to {maximum}.", DefaultValueFactory = _ => defaultValue, HelpName = "number" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value) && (value < 1 || value > maximum))
                result.AddError($"{name} must be from 1 to {maximum}, not {value}.");
        });
        return option;
    }

    private static Option<double> WarmUp()
    {
        var option = new Option<double>("--warm-up")
        {
            Description = $"Seconds that each mode runs, twice, before it is measured. 0 to {LongestWarmUpSeconds}.",
            DefaultValueFactory = _ => DefaultWarmUpSeconds,
            HelpName = "number",
        };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value) && value is not (>= 0 and <= LongestWarmUpSeconds))
                result.AddError($"--warm-up must be from 0 to {LongestWarmUpSeconds}, not {value}.");
        });
        return option;
    }

    /// <summary>At least five runs where the time allows it, none shorter than a second.</summary>
    private static ThroughputOptions Plan(TimeSpan perMode, TimeSpan warmUp, int callers, string data)
    {
        var length = TimeSpan.FromSeconds(Math.Clamp(perMode.TotalSeconds / 5, ShortestRun.TotalSeconds, LongestRun.TotalSeconds));
        var folder = Path.Combine(data, string.Create(CultureInfo.InvariantCulture, $"bench-{DateTime.UtcNow:yyyyMMdd-HHmmss}-{Environment.ProcessId}"));
        return new ThroughputOptions((int)Math.Round(perMode / length), length, warmUp, callers, Accounts, Path.GetFullPath(folder));
    }

    private static async Task<int> Run(ThroughputOptions options, bool json, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.DataFolder);
        var silos = new List<ModeSilo>();
        try
        {
            foreach (var mode in ThroughputMode.All)
                silos.Add(await ModeSilo.Start(mode, options.DataFolder, cancellationToken));

            var report = await Measure(silos, options, cancellationToken);
            Print(report, json);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine("Stopped.");
            return 1;
        }
        catch (BenchFailedException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
        finally
        {
            foreach (var silo in silos)
                await silo.DisposeAsync();

            Directory.Delete(options.DataFolder, recursive: true);
        }
    }

    private static async Task<ThroughputReport> Measure(List<ModeSilo> silos, ThroughputOptions options, CancellationToken cancellationToken)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Runs} runs of {options.RunLength.TotalSeconds:0.0} s for each mode, {options.Callers} callers, {options.Accounts} accounts, {Environment.ProcessorCount} processors."));
        var runs = silos.ToDictionary(silo => silo.Mode, _ => new List<RunFigures>());
        var operations = silos.ToDictionary(silo => silo.Mode, _ => 0L);

        // Twice: what is compiled in the background during the first pass is in use in the second.
        foreach (var silo in silos.Concat(silos))
            operations[silo.Mode] += (await TransferRun.Run(silo, options, options.WarmUp, seed: 0)).Operations;

        for (var run = 1; run <= options.Runs; run++)
        {
            foreach (var silo in silos)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var figures = await TransferRun.Run(silo, options, options.RunLength, run);
                runs[silo.Mode].Add(figures);
                operations[silo.Mode] += figures.Operations;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  run {run,2}  {silo.Mode.Name,-17} {figures.OperationsPerSecond,10:0} transfers/s   p50 {figures.P50Milliseconds,8:0.000} ms   p99 {figures.P99Milliseconds,8:0.000} ms   rounds {figures.Rounds.Committed} (+{figures.Rounds.Aborted} aborted)"));
            }
        }

        foreach (var silo in silos)
            await Check(silo, options.Accounts, operations[silo.Mode], runs[silo.Mode]);

        return ThroughputReport.Of(runs);
    }

    /// <summary>Figures count only if the work was done.</summary>
    private static async Task Check(ModeSilo silo, int accounts, long operations, List<RunFigures> runs)
    {
        var (cents, changes) = await silo.Audit(accounts);
        if (cents != 0 || changes != 2 * operations)
            throw new BenchFailedException($"Mode {silo.Mode.Name} is wrong: {operations} transfers made {changes} changes, and the balances sum to {cents}.");

        var rounds = RoundFigures.Sum(runs.Select(run => run.Rounds));
        if (silo.Mode.TakesRounds && !rounds.MostlyCommitted)
            throw new BenchFailedException($"Mode {silo.Mode.Name} committed {rounds.Committed} rounds and aborted {rounds.Aborted}: its figures would mean nothing. Take fewer callers, or a machine with less else to do.");
    }

    private static void Print(ThroughputReport report, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, JsonSerializerOptions.Web));
            return;
        }

        foreach (var (mode, figures) in report.Modes)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{mode,-17} {figures.OpsPerSecond,10:0} transfers/s   {figures.Ratio,6:0.00}   p50 {figures.P50Ms:0.000} ms   p99 {figures.P99Ms:0.000} ms"));
        }
    }
}

/// <summary>The figures would not be worth reading.</summary>
internal sealed class BenchFailedException(string message) : Exception(message);
