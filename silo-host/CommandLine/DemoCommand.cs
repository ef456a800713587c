using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Checkpointing.SiloHost.Demo;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary><c>silo-host demo</c>: the bank under load, crashes, and a verdict.</summary>
internal static class DemoCommand
{
    private const int ShortestPeriodSeconds = 2;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var accounts = NumberOption.Create("--accounts", "Accounts of the bank.", 64, 2, 1000);
        var seconds = NumberOption.Create("--seconds", "Seconds under load, all periods between kills together.", 20, 1, 3600);
        var kills = NumberOption.Create("--kills", "How often all silos are killed.", 3, 0, 100);
        var silos = NumberOption.Create("--silos", "Silo processes.", 2, 1, 8);
        var callers = NumberOption.Create("--callers", "Callers that make transfers at the same time.", 16, 1, 64);
        var seed = new Option<int?>("--seed") { Description = "Seed of all random choices; without it, one is drawn and printed.", HelpName = "number" };
        var data = new Option<string?>("--data") { Description = "An empty or new folder for store and logs; without it, a new one under data/demo.", HelpName = "folder" };
        var json = new Option<bool>("--json") { Description = "Print the outcome as one JSON object, as the last line; progress goes to standard error." };
        data.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } folder && (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())))
                result.AddError($"--data '{folder}' is not empty: the demo needs a new bank.");
        });

        var command = new Command("demo", "Runs the bank under load on several silo processes, kills them all, and checks that no cent was lost or made.")
        {
            accounts, seconds, kills, silos, callers, seed, data, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            // Not a validator: those do not see default values.
            if (parsed.GetValue(seconds) < ShortestPeriodSeconds * (parsed.GetValue(kills) + 1))
            {
                Console.Error.WriteLine($"--seconds must be at least {ShortestPeriodSeconds} for each kill and for the end.");
                return Task.FromResult(ExitCode.BadInput);
            }

            var chosenSeed = parsed.GetValue(seed) ?? Random.Shared.Next();
            return Run(
                new DemoOptions
                {
                    Accounts = parsed.GetValue(accounts),
                    Load = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                    Kills = parsed.GetValue(kills),
                    Silos = parsed.GetValue(silos),
                    Callers = parsed.GetValue(callers),
                    Seed = chosenSeed,
                    DataFolder = Path.GetFullPath(parsed.GetValue(data) ?? NewFolder(chosenSeed)),
                },
                parsed.GetValue(json),
                cancellationToken);
        });
        return command;
    }

    private static string NewFolder(int seed) => Path.Combine(
        SiloSettings.DefaultDataFolder,
        "demo",
        string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyyMMdd-HHmmss}-{seed}-{Environment.ProcessId}"));

    private static async Task<int> Run(DemoOptions options, bool json, CancellationToken cancellationToken)
    {
        try
        {
            var live = !json && !Console.IsOutputRedirected;
            var report = live
                ? await LiveProgress.Run(progress => Carry(options, progress, cancellationToken))
                : await Carry(options, new PlainProgress(json ? Console.Error : Console.Out), cancellationToken);
            Print(report, json);
            return report.Consistent ? ExitCode.Success : ExitCode.Failure;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.Error.WriteLine("The demo was stopped; its silos are stopped too.");
            return ExitCode.Failure;
        }
        catch (Exception error) when (error is DemoFailedException or SiloStartException or HttpRequestException or IOException or UnauthorizedAccessException or TaskCanceledException)
        {
            Console.Error.WriteLine($"The demo failed: {error.Message}");
            Console.Error.WriteLine($"What the silos wrote is in {options.DataFolder}.");
            return ExitCode.Failure;
        }
    }

    private static async Task<DemoReport> Carry(DemoOptions options, IDemoProgress progress, CancellationToken cancellationToken)
    {
        await using var demo = new DemoRun(options, progress);
        return await demo.Run(cancellationToken);
    }

    private static void Print(DemoReport report, bool json)
    {
        foreach (var failure in report.Failures)
            Console.Error.WriteLine($"FAILED  {failure}");

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(report, Json));
            return;
        }

        Console.WriteLine(report.Consistent
            ? $"Consistent after {report.Kills} kills: no cent was lost or made."
            : $"NOT consistent: {report.Failures.Count} checks failed.");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Rounds} rounds, {report.Participants} participants, {report.StableWrites} stable writes, pause p50 {report.PauseMsP50} ms, p99 {report.PauseMsP99} ms."));
        Console.WriteLine($"{report.TransfersBeforeKill} transfers were acknowledged before the kills, {report.TransfersLost} of them after the last committed round began, and were undone.");
    }
}
