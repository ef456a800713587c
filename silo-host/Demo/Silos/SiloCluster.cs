using System.Net.Sockets;
using Checkpointing.SiloHost.Demo.Load;

namespace Checkpointing.SiloHost.Demo.Silos;

/// <summary>
/// The silo processes of the demo. Their membership file is beside their store; a start declares those dead whose processes have ended. Every start has
/// new ports, so that no request of an earlier life can reach a later one.
/// </summary>
internal sealed class SiloCluster(string dataFolder, int silos, TimeSpan detectionTime, Action<string> say) : IAsyncDisposable
{
    private const int StartAttempts = 3;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly SiloProcess?[] _places = new SiloProcess?[silos];
    private readonly HttpClient _health = new() { Timeout = TimeSpan.FromSeconds(5) };
    private volatile IReadOnlyList<Uri> _serving = [];
    private (int Place, SiloProcess Process)? _endedByItself;

    /// <summary>
    /// The HTTP addresses of the silos that serve clients, as a load balancer knows them: not before a silo sees all others, and no more from the moment
    /// at which it is killed or asked to stop.
    /// </summary>
    public IReadOnlyList<Uri> Serving => _serving;

    /// <summary>The HTTP addresses by place. All silos must run.</summary>
    public IEnumerable<Uri> Addresses => _places.Select(process => process!.Ports.HttpAddress);

    /// <summary>Starts a silo in every free place, and returns when each silo sees all others.</summary>
    public async Task Start(CancellationToken cancellationToken)
    {
        var free = Enumerable.Range(0, silos).Where(place => _places[place] is null).ToArray();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await StartIn(free, cancellationToken);
                foreach (var process in _places)
                    process!.Serves();

                _serving = [.. Addresses];
                return;
            }
            catch (SiloStartException error) when (attempt < StartAttempts)
            {
                say($"A start is tried once more: {error.Message}");
                await Kill(free, cancellationToken);
            }
        }
    }

    /// <summary>SIGKILL to every silo, in no particular order, and no more than a moment apart.</summary>
    public Task KillAll(CancellationToken cancellationToken) => Kill(Enumerable.Range(0, silos), cancellationToken);

    /// <summary>SIGKILL to the silo in this place.</summary>
    public Task Kill(int place, CancellationToken cancellationToken) => Kill([place], cancellationToken);

    /// <summary>Takes the silo out of service and asks it to stop. Returns when it has; throws if it does not, or says that it failed.</summary>
    public async Task Stop(int place, CancellationToken cancellationToken)
    {
        var process = _places[place]!;
        _serving = [.. _serving.Where(address => address != process.Ports.HttpAddress)];
        var exitCode = await process.Stop(cancellationToken);
        _places[place] = null;
        await process.DisposeAsync();
        if (exitCode != 0)
            throw new DemoFailedException($"A silo that was asked to stop ended with exit code {exitCode}; {process.OutputHint()}");
    }

    /// <summary>Null unless a silo has ended that was neither killed nor asked to stop; else what is known of the first that was found.</summary>
    public string? EndedByItself()
    {
        NoteEndedByItself();
        return _endedByItself is var (place, process) ? $"silo {place + 1} of {silos} ended, though nobody had killed it or asked it to stop; {process.OutputHint()}" : null;
    }

    private void NoteEndedByItself()
    {
        for (var place = 0; place < silos; place++)
        {
            if (_places[place] is { HasEndedByItself: true } process)
                _endedByItself ??= (place, process);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAll(CancellationToken.None);
        _health.Dispose();
    }

    private async Task Kill(IEnumerable<int> places, CancellationToken cancellationToken)
    {
        var victims = places.Where(place => _places[place] is not null).ToArray();
        var addresses = victims.Select(place => _places[place]!.Ports.HttpAddress).ToHashSet();
        _serving = [.. _serving.Where(address => !addresses.Contains(address))];
        NoteEndedByItself();
        foreach (var place in victims)
            _places[place]!.Kill();

        foreach (var place in victims)
        {
            await _places[place]!.WaitForExit(cancellationToken);
            await _places[place]!.DisposeAsync();
            _places[place] = null;
        }
    }

    private async Task StartIn(int[] places, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StartTimeout);
        var free = FreePorts.Find(places.Length * 3);
        try
        {
            for (var i = 0; i < places.Length; i++)
            {
                var ports = new SiloPorts(free[i * 3], free[(i * 3) + 1], free[(i * 3) + 2]);
                var process = SiloProcess.Start(ports, dataFolder, detectionTime, Path.Combine(dataFolder, $"silo-{places[i]}.log"));
                _places[places[i]] = process;
                if (i == 0)
                    await WaitUntil(process, Listens, timeout.Token);
            }

            foreach (var process in _places)
                await WaitUntil(process!, SeesAll, timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SiloStartException($"The silos did not form a cluster within {StartTimeout.TotalSeconds:0} s; see {_places[places[0]]!.OutputFile}.");
        }
    }

    private static async Task WaitUntil(SiloProcess process, Func<SiloProcess, CancellationToken, Task<bool>> isReady, CancellationToken cancellationToken)
    {
        while (!await isReady(process, cancellationToken))
        {
            if (process.HasExited)
            {
                await process.WaitForExit(cancellationToken);
                throw new SiloStartException($"A silo ended while it started; {process.OutputHint()}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private static async Task<bool> Listens(SiloProcess process, CancellationToken cancellationToken)
    {
        try
        {
            using var connection = new TcpClient();
            await connection.ConnectAsync("127.0.0.1", process.Ports.Silo, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<bool> SeesAll(SiloProcess process, CancellationToken cancellationToken)
    {
        try
        {
            var health = await BankClient.GetHealth(_health, process.Ports.HttpAddress, cancellationToken);
            return health.ActiveSilos == silos;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}

/// <summary>A silo process did not come up.</summary>
internal sealed class SiloStartException(string message) : Exception(message);
