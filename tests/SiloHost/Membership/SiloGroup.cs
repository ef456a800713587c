using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests.Membership;

/// <summary>Silo processes with one data folder.</summary>
internal sealed class SiloGroup(params string[] arguments) : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly TemporaryFolder _data = new();
    private readonly List<RunningSilo> _running = [];
    private int _opened;

    public async Task<RunningSilo> Start()
    {
        var silo = new RunningSilo(_data, arguments);
        _running.Add(silo);
        await silo.InitializeAsync();
        return silo;
    }

    public async Task Kill(RunningSilo silo)
    {
        await silo.Kill();
        _running.Remove(silo);
        await silo.DisposeAsync();
    }

    /// <summary>Returns after how long all silos that run see each other, and nobody else.</summary>
    public async Task<TimeSpan> WaitUntilAllAgree()
    {
        var watch = Stopwatch.StartNew();
        await WaitUntil($"{_running.Count} silos see each other and nobody else", async () =>
        {
            var seen = await Task.WhenAll(_running.Select(async silo => await silo.Http.GetFromJsonAsync<JsonElement>("/health", TestContext.Current.CancellationToken)));
            var running = seen.Select(health => health.GetProperty("silo").GetString()).Order(StringComparer.Ordinal).ToList();
            return seen.All(health => health.GetProperty("addresses").EnumerateArray().Select(address => address.GetString()).SequenceEqual(running));
        });

        return watch.Elapsed;
    }

    /// <summary>Every silo serves: it opens an account, wherever the grains are.</summary>
    public async Task AssertAllServe()
    {
        foreach (var silo in _running)
        {
            await WaitUntil("a silo opens an account", async () =>
            {
                using var answer = await silo.Http.PostAsJsonAsync("/accounts", new { cents = 100 + _opened++ }, TestContext.Current.CancellationToken);
                return answer.IsSuccessStatusCode;
            });
        }
    }

    /// <summary>Takes a checkpoint of everything.</summary>
    public async Task MakePermanent()
    {
        using var answer = await _running[^1].Http.PostAsJsonAsync("/checkpoints", new { }, TestContext.Current.CancellationToken);
        var result = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.True(result.GetProperty("status").GetString() == "committed", result.ToString());
    }

    /// <summary>The balance of every account, each asked of another silo than the last.</summary>
    public async Task<List<long>> Balances()
    {
        var count = await Get(0, "/accounts", "count");
        var balances = new List<long>();
        for (var account = 0; account < count; account++)
            balances.Add(await Get(account % _running.Count, $"/accounts/{account}", "cents"));

        return balances;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _running)
            await silo.DisposeAsync();

        _data.Dispose();
    }

    private async Task<long> Get(int silo, string path, string what) =>
        (await _running[silo].Http.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken)).GetProperty(what).GetInt64();

    private static async Task WaitUntil(string what, Func<Task<bool>> isIt)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Longest;)
        {
            try
            {
                if (await isIt())
                    return;
            }
            catch (Exception error) when (error is HttpRequestException or JsonException or IOException)
            {
                // Not yet.
            }

            await Task.Delay(PollInterval, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException($"It did not happen within {Longest.TotalSeconds:0} s that {what}.");
    }
}
