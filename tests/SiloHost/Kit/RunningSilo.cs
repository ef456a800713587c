using System.Diagnostics;
using System.Globalization;
using Checkpointing.SiloHost.Demo.Silos;

namespace Checkpointing.SiloHost.Tests.Kit;

/// <summary>One silo in a process of its own, and a client of its HTTP API. It ends when its standard input does.</summary>
public sealed class RunningSilo : IAsyncLifetime
{
    private const int Attempts = 3;

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder? _ownData;
    private readonly string _data;
    private readonly string[] _arguments;
    private readonly List<string> _output = [];
    private Process? _process;
    private bool _isFrozen;

    public RunningSilo()
    {
        _ownData = new TemporaryFolder();
        _data = _ownData.Path;
        _arguments = [];
    }

    /// <param name="data">A folder that outlives the silo.</param>
    /// <param name="arguments">More arguments.</param>
    internal RunningSilo(TemporaryFolder data, params string[] arguments) => (_data, _arguments) = (data.Path, arguments);

    public HttpClient Http { get; } = new();

    /// <summary>What it has written so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return string.Join('\n', _output);
        }
    }

    public async ValueTask InitializeAsync()
    {
        // A port that was free may be taken by another test before the silo listens there.
        for (var attempt = 1; !await TryStart(); attempt++)
        {
            if (attempt == Attempts || !Output.Contains("in use", StringComparison.Ordinal))
                throw new InvalidOperationException($"The silo did not start: {Output}");
        }
    }

    private async Task<bool> TryStart()
    {
        lock (_output)
            _output.Clear();

        var ports = FreePorts.Find(3).Select(port => port.ToString(CultureInfo.InvariantCulture)).ToArray();
        Http.BaseAddress = new Uri($"http://127.0.0.1:{ports[2]}");
        _process = SiloHostProgram.Start(
            ["--silo-port", ports[0], "--gateway-port", ports[1], "--port", ports[2], "--data", _data, "--checkpoint-interval", "none", "--exit-with-stdin", .. _arguments]);
        var listening = new TaskCompletionSource();
        _process.OutputDataReceived += (_, line) => Collect(line.Data, listening);
        _process.ErrorDataReceived += (_, line) => Collect(line.Data, listening);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            await listening.Task.WaitAsync(StartTimeout);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or InvalidOperationException)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
            _process = null;
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is { } process)
        {
            if (_isFrozen)
                process.Kill();

            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(StartTimeout);
            process.Dispose();
        }

        _ownData?.Dispose();
    }

    /// <summary>SIGTERM: it may finish what it does. Returns the exit code.</summary>
    public async Task<int> Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync().WaitAsync(StartTimeout);
        return _process.ExitCode;
    }

    /// <summary>SIGSTOP: it does nothing any more, but its connections stay open.</summary>
    public async Task Freeze()
    {
        _isFrozen = true;
        using var stop = Process.Start("kill", ["-STOP", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        await stop.WaitForExitAsync().WaitAsync(StartTimeout);
    }

    /// <summary>SIGKILL.</summary>
    public async Task Kill()
    {
        _process!.Kill();
        await _process.WaitForExitAsync().WaitAsync(StartTimeout);
    }

    private void Collect(string? line, TaskCompletionSource listening)
    {
        lock (_output)
            _output.Add(line ?? "(end)");

        if (line is null)
            listening.TrySetException(new InvalidOperationException("its output ended"));
        else if (line.StartsWith("Bank listening", StringComparison.Ordinal))
            listening.TrySetResult();
    }
}
