using System.Net.Http.Json;
using System.Text.Json;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

public sealed class OrderlyExitTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task A_silo_that_is_asked_to_stop_loses_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Sends SIGTERM.");
        var cancellation = TestContext.Current.CancellationToken;
        await using (var silo = new RunningSilo(_data))
        {
            await silo.InitializeAsync();
            await silo.Http.PostAsJsonAsync("/accounts", new { cents = 100 }, cancellation);
            await silo.Http.PostAsJsonAsync("/accounts", new { cents = 0 }, cancellation);
            await silo.Http.PostAsJsonAsync("/transfers", new { id = "t1", from = 0, to = 1, cents = 40 }, cancellation);

            // No checkpoint was asked for, and none is due.
            Assert.Equal(0, await silo.Terminate());
        }

        await using var next = new RunningSilo(_data);
        await next.InitializeAsync();
        var audit = await next.Http.GetFromJsonAsync<JsonElement>("/audit", cancellation);
        Assert.True(audit.GetProperty("consistent").GetBoolean());
        Assert.Equal(1, audit.GetProperty("transfers").GetInt32());
        Assert.Equal(40, (await next.Http.GetFromJsonAsync<JsonElement>("/accounts/1", cancellation)).GetProperty("cents").GetInt64());
    }
}
