using System.Net.Sockets;

namespace Checkpointing.SiloHost.Demo;

/// <summary>
/// The silo processes of the demo. They are started together and killed together. Their membership file is beside their store; a start declares
/// those dead whose processes were killed. Every start has new ports, so that no request of an earlier life can reach a later one.
/// </summary>
internal sealed class SiloCluster(string dataFolder, int silos) : IAsyncDisposable
{
    private const int StartAttempts = 3;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly List<SiloProcess> _processes = [];
    private readonly HttpClient _health = new() { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>The HTTP addresses of the silos that run.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _processes.Select(process => process.Ports.HttpAddress)];

    /// <summary>Starts all silos and returns when each sees all others.</summary>
    public async Task Start(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await StartOnce(cancellationToken);
                return;
            }
            catch (SiloStartException) when (attempt < StartAttempts)
            {
                await Kill(cancellationToken);
            }
        }
    }

    /// <summary>SIGKILL to every silo, in no particular order, and no more than a moment apart.</summary>
    public async Task Kill(CancellationToken cancellationToken)
    {
        foreach (var process in _processes)
            process.Kill();

        foreach (var process in _processes)
            await process.WaitForExit(cancellationToken);

        foreach (var process in _processes)
            await process.DisposeAsync();

        _processes.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await Kill(CancellationToken.None);
        _health.Dispose();
    }

    private async Task StartOnce(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StartTimeout);
        var free = FreePorts.Find(silos * 3);
        try
        {
            for (var silo = 0; silo < silos; silo++)
            {
                var ports = new SiloPorts(free[silo * 3], free[(silo * 3) + 1], free[(silo * 3) + 2]);
                _processes.Add(SiloProcess.Start(ports, dataFolder, Path.Combine(dataFolder, $"silo-{silo}.log")));
                if (silo == 0)
                    await WaitUntil(_processes[0], Listens, timeout.Token);
            }

            foreach (var process in _processes)
                await WaitUntil(process, SeesAll, timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SiloStartException($"The silos did not form a cluster within {StartTimeout.TotalSeconds:0} s; see {_processes[0].OutputFile}.");
        }
    }

    private static async Task WaitUntil(SiloProcess process, Func<SiloProcess, CancellationToken, Task<bool>> isReady, CancellationToken cancellationToken)
    {
        while (!await isReady(process, cancellationToken))
        {
            if (process.HasExited)
            {
                await process.WaitForExit(cancellationToken);
                throw new SiloStartException($"A silo ended while it started; see {process.OutputFile}. Its last lines:{Environment.NewLine}{process.OutputTail()}");
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
