using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

/// <summary>
/// A silo that hangs (SIGSTOP) is declared dead like one that was killed, but its connections stay open: what is sent there is neither answered nor refused.
/// </summary>
[TestClass(DisableParallelization = true)]
public sealed class HungSiloTests : IDisposable
{
    private const int Fewest = 40;

    private static readonly TimeSpan DetectionLimit = TimeSpan.FromSeconds(40);

    /// <summary>Far less than the response timeout of 30 s.</summary>
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(12);

    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task The_others_recover_from_a_silo_that_hangs_without_waiting_for_its_answers()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends SIGSTOP.");
        var cancellation = TestContext.Current.CancellationToken;
        await using var first = new RunningSilo(_data, "--detection-seconds", "2");
        await using var second = new RunningSilo(_data, "--detection-seconds", "2");
        await using var third = new RunningSilo(_data, "--detection-seconds", "2");
        await first.InitializeAsync();

        // The coordinator is on a silo that lives on, and so it knows where the grains of the other one were.
        await Checkpoint(first);
        await second.InitializeAsync();
        await third.InitializeAsync();
        RunningSilo[] silos = [first, second, third];
        foreach (var silo in silos)
            await Until(DetectionLimit, async () => (await Get(silo, "/health")).GetProperty("activeSilos").GetInt32() == 3);

        // A silo that has just joined gets no grains before the others know its load.
        var accounts = 0;
        await Until(DetectionLimit, async () =>
        {
            await third.Http.PostAsJsonAsync("/accounts", new { cents = 1000 }, cancellation);
            return ++accounts >= Fewest && await Grains(second) + await Grains(third) > 0;
        });

        await Transfer(first, accounts, "before");
        Assert.Equal("committed", (await Checkpoint(first)).GetProperty("status").GetString());
        await Transfer(second, accounts, "after");
        var (secondGrains, thirdGrains) = (await Grains(second), await Grains(third));
        var (hung, other) = secondGrains > thirdGrains ? (second, third) : (third, second);

        await hung.Freeze();
        foreach (var silo in (RunningSilo[])[first, other])
            await Until(DetectionLimit, async () => (await Get(silo, "/silo")).GetProperty("lost").GetArrayLength() == 1);

        var noticed = Stopwatch.GetTimestamp();
        foreach (var silo in (RunningSilo[])[first, other])
            await Until(RecoveryLimit, async () => !(await Get(silo, "/silo")).GetProperty("rollbackPending").GetBoolean());

        Report.Write($"Recovered {Stopwatch.GetElapsedTime(noticed).TotalSeconds:0.0} s after the last silo had noticed; {secondGrains} and {thirdGrains} grains there.");
        var audit = await Get(other, "/audit");
        Assert.True(audit.GetProperty("consistent").GetBoolean());
        Assert.InRange(audit.GetProperty("transfers").GetInt32(), accounts, (2 * accounts) - 1);
        await Transfer(other, accounts, "later");
        Assert.Equal("committed", (await Checkpoint(first)).GetProperty("status").GetString());
    }

    private static async Task<int> Grains(RunningSilo silo) => (await Get(silo, "/silo")).GetProperty("grains").GetArrayLength();

    private static async Task Transfer(RunningSilo silo, int accounts, string name)
    {
        for (var account = 0; account < accounts; account++)
        {
            var done = await silo.Http.PostAsJsonAsync(
                "/transfers", new { id = $"{name}-{account}", from = account, to = (account + 1) % accounts, cents = 10 }, TestContext.Current.CancellationToken);
            done.EnsureSuccessStatusCode();
        }
    }

    private static async Task<JsonElement> Checkpoint(RunningSilo silo)
    {
        using var done = await silo.Http.PostAsync("/checkpoints", null, TestContext.Current.CancellationToken);
        return await done.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    private static Task<JsonElement> Get(RunningSilo silo, string path) => silo.Http.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);

    private static async Task Until(TimeSpan limit, Func<Task<bool>> holds)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < limit, $"It does not hold after {limit}.");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
