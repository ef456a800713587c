using System.Diagnostics;
using System.Globalization;
using Checkpointing.SiloHost.Demo;

namespace Checkpointing.SiloHost.Tests.Kit;

/// <summary>One silo in a process of its own, and a client of its HTTP API. It ends when its standard input does.</summary>
public sealed class RunningSilo : IAsyncLifetime
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _data = new();
    private readonly List<string> _output = [];
    private Process? _process;

    public HttpClient Http { get; } = new();

    public async ValueTask InitializeAsync()
    {
        var ports = FreePorts.Find(3).Select(port => port.ToString(CultureInfo.InvariantCulture)).ToArray();
        Http.BaseAddress = new Uri($"http://127.0.0.1:{ports[2]}");
        _process = SiloHostProgram.Start(
            ["--silo-port", ports[0], "--gateway-port", ports[1], "--port", ports[2], "--data", _data.Path, "--checkpoint-interval", "none", "--exit-with-stdin"]);
        var listening = new TaskCompletionSource();
        _process.OutputDataReceived += (_, line) => Collect(line.Data, listening);
        _process.ErrorDataReceived += (_, line) => Collect(line.Data, listening);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            await listening.Task.WaitAsync(StartTimeout);
        }
        catch (Exception error) when (error is TimeoutException or InvalidOperationException)
        {
            _process.Kill();
            throw new InvalidOperationException($"The silo did not start: {string.Join('\n', _output)}", error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is { } process)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(StartTimeout);
            process.Dispose();
        }

        _data.Dispose();
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
