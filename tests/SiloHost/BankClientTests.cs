using System.Net;
using System.Text;
using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Demo.Silos;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

/// <summary>Which errors a client of the bank may meet, and which fail the demo.</summary>
public sealed class BankClientTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly HttpListener _silo = new();
    private readonly Uri _address = new($"http://127.0.0.1:{FreePorts.Find(1)[0]}");

    public BankClientTests() => _silo.Prefixes.Add(_address.ToString());

    public void Dispose() => _silo.Close();

    [Fact]
    public async Task An_answer_is_an_answer()
    {
        var answer = await MakeTransfer(200, """{"id":"t","status":"done"}""");

        Assert.Null(answer.Error);
        Assert.Equal(TransferStatus.Done, answer.Value!.Status);
    }

    [Fact]
    public async Task An_error_with_a_code_may_be_repeated()
    {
        var answer = await MakeTransfer(503, """{"title":"gone","code":"silo-lost"}""");

        Assert.Equal("silo-lost", answer.Error);
        Assert.Null(answer.Value);
    }

    [Theory]
    [InlineData(503, """{"title":"no code"}""")]
    [InlineData(500, """{"title":"it broke","code":"silo-lost"}""")]
    [InlineData(200, "no JSON")]
    public async Task Any_other_answer_is_named(int status, string body)
    {
        var error = await Assert.ThrowsAsync<UnexpectedAnswerException>(() => MakeTransfer(status, body));

        Assert.Contains("/transfers", error.Message);
    }

    [Fact]
    public async Task A_silo_that_serves_must_not_refuse_the_connection()
    {
        using var bank = new BankClient(() => [_address], Patience);

        await Assert.ThrowsAsync<UnexpectedAnswerException>(() => bank.MakeTransfer(Books.Transfer("t")));
    }

    [Fact]
    public async Task The_connection_to_a_silo_that_serves_no_more_may_be_lost()
    {
        var asked = 0;
        using var bank = new BankClient(() => asked++ == 0 ? [_address] : [], Patience);

        Assert.Equal(BankClient.ConnectionLost, (await bank.MakeTransfer(Books.Transfer("t"))).Error);
        Assert.Equal(BankClient.ConnectionLost, (await bank.MakeTransfer(Books.Transfer("t"))).Error);
    }

    private async Task<BankAnswer<Http.TransferAnswer>> MakeTransfer(int status, string body)
    {
        using var bank = new BankClient(() => [_address], Patience);
        _silo.Start();
        var request = bank.MakeTransfer(Books.Transfer("t"));
        var context = await _silo.GetContextAsync();
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body), TestContext.Current.CancellationToken);
        context.Response.Close();
        return await request;
    }
}
