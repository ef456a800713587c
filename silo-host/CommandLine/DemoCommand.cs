using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Checkpointing.SiloHost.Demo;
using Checkpointing.SiloHost.Demo.Progress;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary><c>silo-host demo</c>: the bank under load, faults, and a verdict.</summary>
internal static class DemoCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var options = new DemoCommandOptions();
        var json = new Option<bool>("--json") { Description = "Print the outcome as one JSON object, as the last line; progress goes to standard error." };
        var command = new Command(
            "demo",
            "Runs the bank under load on several silo processes; kills one of them, kills all of them, replaces them one by one; and checks each time that no cent was lost or made.");
        options.AddTo(command);
        command.Add(json);
        command.SetAction((parsed, cancellationToken) =>
        {
            var chosen = options.Read(parsed, NewFolder, out var problem);
            if (chosen is not null)
                return Run(chosen, parsed.GetValue(json), cancellationToken);

            Console.Error.WriteLine(problem);
            return Task.FromResult(ExitCode.BadInput);
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
            return Fail("The demo was stopped; its silos are stopped too.", json);
        }
        catch (Exception error)
        {
            Console.Error.WriteLine($"What the silos wrote is in {options.DataFolder}.");
            return Fail($"The demo failed: {(DemoRun.IsExpected(error) ? error.Message : error)}", json);
        }
    }

    /// <summary>Who reads the last line learns of it too.</summary>
    private static int Fail(string error, bool json)
    {
        Console.Error.WriteLine(error);
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(new { consistent = false, error }, Json));

        return ExitCode.Failure;
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
            ? $"Consistent after {report.SiloKills} kills of one silo, {report.ClusterKills} kills of all and {report.RollingRestarts} rolling restarts: no cent was lost or made."
            : $"NOT consistent: {report.Failures.Count} checks failed.");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Rounds} rounds, {report.Participants} participants, {report.StableWrites} stable writes, pause p50 {report.PauseMsP50} ms, p99 {report.PauseMsP99} ms."));
        if (report.Kills > 0)
        {
            Console.WriteLine(
                $"{report.TransfersBeforeKill} transfers were acknowledged in periods with kills; {report.TransfersLost} of them, none of which had to be there, were undone.");
        }

        if (report.SiloKills > 0)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Of {report.GrainsTotal} grains at kills of one silo, {report.GrainsRolledBack} rolled back, beyond those that lived there; {report.GrainsThatHadToRollBack} certainly had to. Detection p50 {report.DetectionMsP50} ms, recovery p50 {report.RecoveryMsP50} ms."));
        }
    }
}
