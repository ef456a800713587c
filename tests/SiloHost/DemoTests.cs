using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Checkpointing.SiloHost.Demo;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

[TestClass(DisableParallelization = true)]
public sealed class DemoTests : IDisposable
{
    private static readonly TimeSpan LongestMix = TimeSpan.FromMinutes(5);

    /// <summary>What readers of the last line look for, to the letter.</summary>
    private static readonly string[] Names =
    [
        "kills", "rounds", "participants", "stableWrites", "transfersBeforeKill", "transfersLost", "pauseMsP50", "pauseMsP99",
        "siloKills", "clusterKills", "rollingRestarts", "grainsRolledBack", "grainsTotal", "detectionMsP50", "recoveryMsP50",
        "grainsThatHadToRollBack",
    ];

    private readonly TemporaryFolder _folder = new();

    /// <summary>One seed, or ten in a row with CHECKPOINTING_SOAK=1.</summary>
    public static TheoryData<int> Seeds => [.. Enumerable.Range(20, IsSoak ? 10 : 1)];

    /// <summary>One seed, or five in a row with CHECKPOINTING_SOAK=1.</summary>
    public static TheoryData<int> RestartSeeds => [.. Enumerable.Range(20, IsSoak ? 5 : 1)];

    private static bool IsSoak => Environment.GetEnvironmentVariable("CHECKPOINTING_SOAK") == "1";

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Three_kills_of_all_silos_leave_the_bank_consistent(int seed)
    {
        var report = await Demo(seed, "--silos", "2", "--kills", "3", "--cluster-kills", "3", "--seconds", "10");

        Assert.Equal(3, report.Kills);
        Assert.Equal((0, 3, 0), (report.SiloKills, report.ClusterKills, report.RollingRestarts));
        Assert.True(report.Rounds >= 4, report.ToString());
        Assert.True(report.TransfersBeforeKill > 0, report.ToString());

        // The figures are those of the results: G6, and a decision more for each further round of a request. MarkerTests and RoundOutcomeTests count the writes themselves.
        Assert.True(report.StableWrites >= report.Participants + report.Rounds, report.ToString());
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_mix_of_faults_leaves_the_bank_consistent(int seed)
    {
        // The fewest with a rolling restart, and the shortest load.
        var kills = IsSoak ? 10 : 5;
        var report = await Demo(seed, "--silos", "3", "--kills", $"{kills}");

        Assert.Equal(kills, report.Kills);
        Assert.True(report is { SiloKills: > 0, ClusterKills: > 0, RollingRestarts: > 0 }, report.ToString());
        Assert.InRange(report.DetectionMsP50, 1, report.RecoveryMsP50);
    }

    [Fact]
    public async Task Kills_of_single_silos_roll_back_part_of_the_grains_if_groups_do_not_talk_to_each_other()
    {
        // The judge names every grain that rolled back without cause, and every one that had cause and did not.
        var report = await Demo(21, "--silos", "3", "--kills", "3", "--cluster-kills", "0", "--groups", "16", "--accounts", "32", "--seconds", "20");

        Assert.Equal(3, report.SiloKills);
        Assert.InRange(report.GrainsRolledBack, 1, report.GrainsTotal / 2);
        Assert.InRange(report.GrainsThatHadToRollBack, 1, report.GrainsRolledBack);
    }

    [Theory]
    [MemberData(nameof(RestartSeeds))]
    public async Task A_rolling_restart_under_load_loses_no_transfer(int seed)
    {
        // The judge names every acknowledged transfer that is gone.
        var report = await Demo(seed, "--silos", "3", "--rolling-restart", "--seconds", "8");

        Assert.Equal(0, report.Kills);
        Assert.Equal(1, report.RollingRestarts);
    }

    [Fact]
    public async Task A_demo_that_cannot_be_carried_out_says_so_in_its_last_line()
    {
        await File.WriteAllTextAsync(_folder.File("file"), "", TestContext.Current.CancellationToken);

        var outcome = await SiloHostProgram.Run(["demo", "--json", "--data", _folder.File("file/below")]);

        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        using var report = JsonDocument.Parse(outcome.LastLine);
        Assert.False(report.RootElement.GetProperty("consistent").GetBoolean());
        Assert.Contains("file/below", report.RootElement.GetProperty("error").GetString());
        Assert.Contains("file/below", outcome.Error);
    }

    [Fact]
    public async Task A_silo_that_ends_though_nobody_killed_it_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        using var driver = SiloHostProgram.Start(["demo", "--json", "--silos", "2", "--kills", "0", "--seconds", "8", "--data", _folder.Path]);
        var end = SiloHostProgram.End(driver);
        var silos = await WaitUntil(() => HasTransfers() ? ChildrenOf(driver.Id) : [], found => found.Count == 2);
        using (var silo = Process.GetProcessById(silos[0]))
            silo.Kill();

        var outcome = await end;
        Assert.True(outcome.ExitCode == 1, outcome.ToString());
        var report = JsonSerializer.Deserialize<DemoReport>(outcome.LastLine, JsonSerializerOptions.Web)!;
        Assert.False(report.Consistent);
        Assert.Matches("^End: silo [12] of 2 ended, though nobody had killed it or asked it to stop; see .*silo-[01].log", report.Failures[0]);

        bool HasTransfers() => new FileInfo(_folder.File("acknowledged.log")) is { Exists: true, Length: > 0 };
    }

    [Fact]
    public async Task A_driver_that_is_killed_leaves_no_silo_behind()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        using var driver = SiloHostProgram.Start(["demo", "--json", "--silos", "2", "--kills", "0", "--seconds", "60", "--data", _folder.Path]);
        try
        {
            var silos = await WaitUntil(() => ChildrenOf(driver.Id), found => found.Count == 2);
            driver.Kill();

            await WaitUntil(() => silos.Where(IsRunning).ToList(), running => running.Count == 0);
        }
        finally
        {
            driver.Kill();
        }
    }

    /// <summary>Runs the demo, which must find nothing wrong.</summary>
    private async Task<DemoReport> Demo(int seed, params string[] arguments)
    {
        var outcome = await SiloHostProgram.Run(["demo", "--json", "--seed", $"{seed}", "--data", _folder.Path, .. arguments], longest: LongestMix);

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Report.Write(outcome.LastLine);
        using (var line = JsonDocument.Parse(outcome.LastLine))
        {
            Assert.Equal(JsonValueKind.True, line.RootElement.GetProperty("consistent").ValueKind);
            Assert.All(Names, name => Assert.Equal(JsonValueKind.Number, line.RootElement.GetProperty(name).ValueKind));
        }

        var report = JsonSerializer.Deserialize<DemoReport>(outcome.LastLine, JsonSerializerOptions.Web)!;
        Assert.True(report.Consistent, outcome.ToString());
        Assert.Empty(report.Failures);
        Assert.InRange(report.TransfersLost, 0, report.TransfersBeforeKill);
        Assert.InRange(report.PauseMsP50, 0, report.PauseMsP99);
        return report;
    }

    private static async Task<List<int>> WaitUntil(Func<List<int>> look, Func<List<int>, bool> isIt)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            var found = look();
            if (isIt(found))
                return found;

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException("It did not happen within a minute.");
    }

    private static List<int> ChildrenOf(int parent) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(process => Status(process) is [_, var parentText, ..] && parentText == parent.ToString(CultureInfo.InvariantCulture))];

    private static bool IsRunning(int process) => Status(process) is [not "Z", ..];

    /// <summary>State and parent, from /proc/n/stat after the name in parentheses.</summary>
    private static string[] Status(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
