using System.Net;
using System.Text.Json;
using Checkpointing.SiloHost.Bank;
using Checkpointing.SiloHost.Http;

namespace Checkpointing.SiloHost.Demo;

/// <summary>The bank as its clients see it: HTTP to any of its silos. Requests are not tried again.</summary>
internal sealed class BankClient(IReadOnlyList<Uri> silos) : IDisposable
{
    private static readonly JsonSerializerOptions Json = CreateJson();

    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(15) };
    private int _next;

    public static async Task<Health> GetHealth(HttpClient http, Uri silo, CancellationToken cancellationToken) =>
        (await http.GetFromJsonAsync<Health>(new Uri(silo, "/health"), Json, cancellationToken))!;

    /// <summary>Opens the next account.</summary>
    public async Task<AccountBalance> OpenAccount(long cents, CancellationToken cancellationToken)
    {
        using var answer = await _http.PostAsJsonAsync(Address("/accounts"), new OpenAccountRequest(cents), Json, cancellationToken);
        return await Read<AccountBalance>(answer, cancellationToken);
    }

    /// <summary>Makes a transfer; null when nobody knows what became of it.</summary>
    public async Task<TransferStatus?> MakeTransfer(Transfer transfer)
    {
        try
        {
            var request = new TransferRequest(transfer.Id, transfer.From, transfer.To, transfer.Cents);
            using var answer = await _http.PostAsJsonAsync(Address("/transfers"), request, Json);
            if (answer.StatusCode != HttpStatusCode.OK)
                return null;

            return (await Read<TransferAnswer>(answer, CancellationToken.None)).Status;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Asks for a checkpoint of all changed grains; null when nobody knows what became of it.</summary>
    public async Task<CheckpointResult?> TakeCheckpoint()
    {
        try
        {
            using var answer = await _http.PostAsJsonAsync(Address("/checkpoints"), new CheckpointGrainRequest(null, null), Json);
            return answer.StatusCode == HttpStatusCode.OK ? await Read<CheckpointResult>(answer, CancellationToken.None) : null;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException)
        {
            return null;
        }
    }

    /// <summary>Reads every account and every ledger.</summary>
    public async Task<BankStatement> ReadBank(CancellationToken cancellationToken)
    {
        var count = await Get<AccountCount>("/accounts", cancellationToken);
        var accounts = new List<AccountStatement>();
        foreach (var numbers in Enumerable.Range(0, count.Count).Chunk(8))
            accounts.AddRange(await Task.WhenAll(numbers.Select(number => Get<AccountStatement>($"/accounts/{number}/statement", cancellationToken))));

        var ledgers = await Task.WhenAll(Enumerable.Range(0, LedgerShards.Count).Select(number => Get<LedgerStatement>($"/ledgers/{number}", cancellationToken)));
        return new BankStatement(accounts, ledgers);
    }

    public void Dispose() => _http.Dispose();

    private static JsonSerializerOptions CreateJson()
    {
        var json = new JsonSerializerOptions();
        BankApi.ConfigureJson(json);
        return json;
    }

    private static async Task<T> Read<T>(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException(
                $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri} was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellationToken)}",
                inner: null,
                answer.StatusCode);
        }

        return (await answer.Content.ReadFromJsonAsync<T>(Json, cancellationToken))!;
    }

    private async Task<T> Get<T>(string path, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(Address(path), cancellationToken);
        return await Read<T>(answer, cancellationToken);
    }

    // Silos in turn: every silo serves clients.
    private Uri Address(string path) => new(silos[(int)((uint)Interlocked.Increment(ref _next) % (uint)silos.Count)], path);
}
