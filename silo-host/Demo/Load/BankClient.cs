using System.Net;
using System.Text.Json;
using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Http;

namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>
/// The bank as its clients see it: HTTP to any of the silos that serve. Requests are not repeated here. An error without a code is unexpected, unless it is
/// the end of the connection to a silo that serves no more: that is <see cref="ConnectionLost"/>.
/// </summary>
internal sealed class BankClient(Func<IReadOnlyList<Uri>> serving, TimeSpan patience) : IDisposable
{
    public const string ConnectionLost = "connection-lost";

    private static readonly JsonSerializerOptions Json = CreateJson();

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = patience };
    private int _next;

    public static async Task<Health> GetHealth(HttpClient http, Uri silo, CancellationToken cancellationToken) =>
        (await http.GetFromJsonAsync<Health>(new Uri(silo, "/health"), Json, cancellationToken))!;

    /// <summary>Opens the next account.</summary>
    public async Task<AccountBalance> OpenAccount(long cents) => Answered(await Send<AccountBalance>(HttpMethod.Post, "/accounts", new OpenAccountRequest(cents)), "POST /accounts");

    /// <summary>Makes a transfer.</summary>
    public async Task<BankAnswer<TransferAnswer>> MakeTransfer(Transfer transfer) =>
        await Send<TransferAnswer>(HttpMethod.Post, "/transfers", new TransferRequest(transfer.Id, transfer.From, transfer.To, transfer.Cents));

    /// <summary>Asks for a checkpoint of all changed grains.</summary>
    public async Task<BankAnswer<CheckpointResult>> TakeCheckpoint() =>
        await Send<CheckpointResult>(HttpMethod.Post, "/checkpoints", new CheckpointGrainRequest(null, null));

    /// <summary>Reads the balance of an account.</summary>
    public async Task<BankAnswer<AccountBalance>> GetBalance(int account) => await Send<AccountBalance>(HttpMethod.Get, $"/accounts/{account}");

    /// <summary>Reads every account and every ledger. No error is expected.</summary>
    public async Task<BankStatement> ReadBank()
    {
        var count = await Get<AccountCount>("/accounts");
        var accounts = new List<AccountStatement>();
        foreach (var numbers in Enumerable.Range(0, count.Count).Chunk(8))
            accounts.AddRange(await Task.WhenAll(numbers.Select(number => Get<AccountStatement>($"/accounts/{number}/statement"))));

        return new BankStatement(accounts, await Task.WhenAll(Enumerable.Range(0, LedgerShards.Count).Select(number => Get<LedgerStatement>($"/ledgers/{number}"))));
    }

    /// <summary>Asks one silo about itself.</summary>
    public async Task<SiloView> GetSilo(Uri silo, CancellationToken cancellationToken) =>
        (await _http.GetFromJsonAsync<SiloView>(new Uri(silo, "/silo"), Json, cancellationToken))!;

    public void Dispose() => _http.Dispose();

    private static JsonSerializerOptions CreateJson()
    {
        var json = new JsonSerializerOptions();
        BankApi.ConfigureJson(json);
        return json;
    }

    private static T Answered<T>(BankAnswer<T> answer, string request) =>
        answer.Error is null ? answer.Value! : throw new UnexpectedAnswerException($"{request} met an error though no silo was lost: {answer.Error}.");

    private async Task<T> Get<T>(string path)
        where T : class => Answered(await Send<T>(HttpMethod.Get, path), $"GET {path}");

    private async Task<BankAnswer<T>> Send<T>(HttpMethod method, string path, object? body = null)
        where T : class
    {
        var silos = serving();
        if (silos.Count == 0)
            return new BankAnswer<T>(null, ConnectionLost);

        // Silos in turn: every silo serves clients.
        var silo = silos[(int)((uint)Interlocked.Increment(ref _next) % (uint)silos.Count)];
        using var request = new HttpRequestMessage(method, new Uri(silo, path));
        if (body is not null)
            request.Content = JsonContent.Create(body, body.GetType(), options: Json);

        try
        {
            using var answer = await _http.SendAsync(request);
            if (answer.IsSuccessStatusCode)
                return new BankAnswer<T>(await answer.Content.ReadFromJsonAsync<T>(Json), null);

            return new BankAnswer<T>(null, await ErrorOf(request, answer));
        }
        catch (Exception error) when (error is HttpRequestException or IOException && !serving().Contains(silo))
        {
            return new BankAnswer<T>(null, ConnectionLost);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TaskCanceledException or JsonException)
        {
            throw new UnexpectedAnswerException($"{method} {request.RequestUri}: {error.Message}", error);
        }
    }

    private static async Task<string> ErrorOf(HttpRequestMessage request, HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable
            && JsonElement.Parse(text).TryGetProperty(RetryableErrors.CodeField, out var code)
            && code.GetString() is { Length: > 0 } known)
        {
            return known;
        }

        throw new UnexpectedAnswerException($"{request.Method} {request.RequestUri} was answered {(int)answer.StatusCode}: {text}");
    }
}
