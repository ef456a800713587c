using System.Globalization;
using System.Text.Json;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

public sealed class DemoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>One seed, or ten in a row with CHECKPOINTING_SOAK=1.</summary>
    public static TheoryData<int> Seeds => [.. Enumerable.Range(20, Environment.GetEnvironmentVariable("CHECKPOINTING_SOAK") == "1" ? 10 : 1)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Three_kills_of_all_silos_leave_the_bank_consistent(int seed)
    {
        var outcome = await SiloHostProgram.Run(["demo", "--json", "--kills", "3", "--seconds", "10", "--seed", $"{seed}", "--data", _folder.Path]);

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        var report = JsonDocument.Parse(outcome.LastLine).RootElement;
        Assert.True(report.GetProperty("consistent").GetBoolean());
        Assert.Equal(3, Number("kills"));
        Assert.True(Number("rounds") >= 4, outcome.ToString());
        Assert.True(Number("transfersBeforeKill") > 0, outcome.ToString());
        Assert.InRange(Number("transfersLost"), 0, Number("transfersBeforeKill"));
        Assert.InRange(Number("pauseMsP50"), 0, Number("pauseMsP99"));

        // G6: a round of N grains costs N records and one decision.
        Assert.Equal(Number("participants") + Number("rounds"), Number("stableWrites"));

        double Number(string name) => report.GetProperty(name).GetDouble();
    }

    [Fact]
    public async Task A_driver_that_is_killed_leaves_no_silo_behind()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        using var driver = SiloHostProgram.Start(["demo", "--json", "--kills", "0", "--seconds", "60", "--data", _folder.Path]);
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
