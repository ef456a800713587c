using System.Net;
using System.Text;
using System.Text.Json;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

[TestClass(DisableParallelization = true)]
public sealed class HttpApiTests(RunningSilo silo) : IClassFixture<RunningSilo>
{
    [Fact]
    public async Task Money_moves_once_per_transfer_id()
    {
        var (from, to) = (await OpenAccount(1_000), await OpenAccount(0));
        var transfer = $$"""{"id":"once-{{from}}","from":{{from}},"to":{{to}},"cents":300}""";

        Assert.Equal("done", (await Post("/transfers", transfer)).GetProperty("status").GetString());
        Assert.Equal("done", (await Post("/transfers", transfer)).GetProperty("status").GetString());

        Assert.Equal(700, await Balance(from));
        Assert.Equal(300, await Balance(to));
        var statement = await Get($"/accounts/{to}/statement");
        Assert.Equal(300, statement.GetProperty("postings").GetProperty($"once-{from}").GetInt64());
    }

    [Fact]
    public async Task Insufficient_funds_are_an_answer_that_stays()
    {
        var (from, to) = (await OpenAccount(10), await OpenAccount(0));
        var transfer = $$"""{"id":"poor-{{from}}","from":{{from}},"to":{{to}},"cents":11}""";
        Assert.Equal("insufficientFunds", (await Post("/transfers", transfer)).GetProperty("status").GetString());

        await Post("/transfers", $$"""{"id":"gift-{{from}}","from":{{await OpenAccount(50)}},"to":{{from}},"cents":50}""");

        Assert.Equal("insufficientFunds", (await Post("/transfers", transfer)).GetProperty("status").GetString());
        Assert.Equal(60, await Balance(from));
    }

    [Fact]
    public async Task An_id_that_belongs_to_another_transfer_is_a_conflict()
    {
        var (from, to) = (await OpenAccount(1_000), await OpenAccount(0));
        await Post("/transfers", $$"""{"id":"taken-{{from}}","from":{{from}},"to":{{to}},"cents":1}""");

        await AssertProblem(HttpStatusCode.Conflict, "another transfer", HttpMethod.Post, "/transfers", $$"""{"id":"taken-{{from}}","from":{{from}},"to":{{to}},"cents":2}""");
        Assert.Equal(999, await Balance(from));
    }

    [Fact]
    public async Task A_transfer_to_an_account_that_is_not_open_moves_nothing()
    {
        var from = await OpenAccount(1_000);

        await AssertProblem(HttpStatusCode.NotFound, "not open", HttpMethod.Post, "/transfers", $$"""{"id":"nowhere-{{from}}","from":{{from}},"to":9999,"cents":2}""");
        await AssertProblem(HttpStatusCode.NotFound, "not open", HttpMethod.Post, "/transfers", $$"""{"id":"nobody-{{from}}","from":9999,"to":{{from}},"cents":2}""");

        Assert.Equal(1_000, await Balance(from));
        Assert.True((await Get("/audit")).GetProperty("consistent").GetBoolean());
    }

    [Fact]
    public async Task A_checkpoint_takes_the_grains_that_must_go_along_and_says_why()
    {
        var (from, to) = (await OpenAccount(1_000), await OpenAccount(0));
        await Post("/checkpoints", "{}");
        await Post("/transfers", $$"""{"id":"cohort-{{from}}","from":{{from}},"to":{{to}},"cents":1}""");

        var result = await Post("/checkpoints", $$"""{"account":{{to}}}""");

        Assert.Equal("committed", result.GetProperty("status").GetString());
        var participants = result.GetProperty("participants").EnumerateArray().ToDictionary(
            participant => participant.GetProperty("grainId").GetString()!,
            participant => participant.GetProperty("drawnInBy").GetString());
        Assert.Null(participants[$"account/{to}"]);
        Assert.Equal($"account/{to}", participants.Single(participant => participant.Key.StartsWith("ledger/", StringComparison.Ordinal)).Value);
        Assert.True(result.GetProperty("stableWrites").GetInt32() > participants.Count);
    }

    [Fact]
    public async Task A_checkpoint_of_everything_leaves_nothing_to_do()
    {
        await OpenAccount(1_000);
        Assert.Equal("committed", (await Post("/checkpoints", "")).GetProperty("status").GetString());

        Assert.Equal("nothingToDo", (await Post("/checkpoints", "{}")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task An_audit_adds_up_all_accounts()
    {
        await OpenAccount(5);

        var audit = await Get("/audit");

        Assert.True(audit.GetProperty("consistent").GetBoolean());
        Assert.Equal(audit.GetProperty("openingCents").GetInt64(), audit.GetProperty("totalCents").GetInt64());
        Assert.Equal((await Get("/accounts")).GetProperty("count").GetInt32(), audit.GetProperty("accounts").GetInt32());
    }

    [Fact]
    public async Task The_silo_is_healthy()
    {
        var health = await Get("/health");

        Assert.Equal("healthy", health.GetProperty("status").GetString());
        Assert.Equal(1, health.GetProperty("activeSilos").GetInt32());
        Assert.Equal(health.GetProperty("silo").GetString(), Assert.Single(health.GetProperty("addresses").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task A_silo_tells_which_grains_it_has()
    {
        var account = await OpenAccount(5);

        var view = await Get("/silo");

        var grains = view.GetProperty("grains").EnumerateArray().Select(grain => grain.GetString()).ToArray();
        Assert.Contains($"account/{account}", grains);
        Assert.Contains("account-directory/default", grains);
        Assert.DoesNotContain(grains, grain => grain!.StartsWith("checkpoint", StringComparison.Ordinal));
        Assert.Empty(view.GetProperty("lost").EnumerateArray());
        Assert.Empty(view.GetProperty("rolledBack").EnumerateArray());
    }

    [Theory]
    [InlineData("/accounts", """{"cents":-1}""", "cents")]
    [InlineData("/accounts", "{}", "cents")]
    [InlineData("/accounts", """{"cents":1.5}""", "cents")]
    [InlineData("/accounts", """{"cents":1,"owner":"me"}""", "owner")]
    [InlineData("/accounts", "no json", "JSON")]
    [InlineData("/transfers", "{}", "id must be")]
    [InlineData("/transfers", """{"id":"a b","from":0,"to":1,"cents":1}""", "letters, digits")]
    [InlineData("/transfers", """{"id":"x","from":0,"to":0,"cents":1}""", "another account")]
    [InlineData("/transfers", """{"id":"x","from":-1,"to":0,"cents":1}""", "from must be")]
    [InlineData("/transfers", """{"id":"x","from":0,"to":1,"cents":0}""", "cents must be")]
    [InlineData("/checkpoints", """{"account":-1}""", "account must be")]
    [InlineData("/checkpoints", """{"account":9999}""", "account must be")]
    [InlineData("/checkpoints", """{"ledger":16}""", "ledger must be")]
    [InlineData("/checkpoints", """{"account":0,"ledger":0}""", "together")]
    public Task Bad_input_is_refused_with_the_reason(string path, string body, string reason) =>
        AssertProblem(HttpStatusCode.BadRequest, reason, HttpMethod.Post, path, body);

    [Theory]
    [InlineData("/accounts/9999", "not open")]
    [InlineData("/accounts/9999/statement", "not open")]
    [InlineData("/ledgers/16", "0 to 15")]
    [InlineData("/accounts/x", "")]
    [InlineData("/nowhere", "")]
    public Task What_is_not_there_is_not_found(string path, string reason) => AssertProblem(HttpStatusCode.NotFound, reason, HttpMethod.Get, path);

    private async Task<int> OpenAccount(long cents) => (await Post("/accounts", $$"""{"cents":{{cents}}}""")).GetProperty("account").GetInt32();

    private async Task<long> Balance(int account) => (await Get($"/accounts/{account}")).GetProperty("cents").GetInt64();

    private Task<JsonElement> Get(string path) => Read(HttpMethod.Get, path);

    private Task<JsonElement> Post(string path, string body) => Read(HttpMethod.Post, path, body);

    private async Task<JsonElement> Read(HttpMethod method, string path, string body = "")
    {
        using var answer = await Send(method, path, body);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private async Task AssertProblem(HttpStatusCode status, string reason, HttpMethod method, string path, string body = "")
    {
        using var answer = await Send(method, path, body);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == answer.StatusCode, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains(reason, text.Replace("\\u0027", "'", StringComparison.Ordinal));
    }

    private async Task<HttpResponseMessage> Send(HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body.Length > 0)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");

        return await silo.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
