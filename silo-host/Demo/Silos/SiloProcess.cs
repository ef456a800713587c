using System.Diagnostics;
using System.Globalization;
using Checkpointing.SiloHost.Hosting;

namespace Checkpointing.SiloHost.Demo.Silos;

/// <summary>A silo in a process of its own, started from this program's own file. Its output goes to a file; it ends when this process does.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private const int LinesInHint = 12;

    private readonly Process _process;
    private readonly Queue<string> _lastLines = [];
    private readonly Task _output;
    private bool _serves;
    private bool _isToEnd;

    private SiloProcess(Process process, SiloPorts ports, string outputFile)
    {
        _process = process;
        Ports = ports;
        OutputFile = outputFile;
        var output = TextWriter.Synchronized(new StreamWriter(outputFile, append: true) { AutoFlush = true });
        _output = Pump(output);
    }

    public SiloPorts Ports { get; }

    public string OutputFile { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Whether it has served, and then ended before it was killed or asked to stop.</summary>
    public bool HasEndedByItself => _serves && !_isToEnd && _process.HasExited;

    /// <summary>It has come up: from now on nobody but its user may end it.</summary>
    public void Serves() => _serves = true;

    public static SiloProcess Start(SiloPorts ports, string dataFolder, TimeSpan detectionTime, string outputFile)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath ?? throw new InvalidOperationException("This process does not know its own file."))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };

        // Started as "dotnet silo-host.dll", the process is dotnet.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(SiloProcess).Assembly.Location);

        foreach (var argument in (string[])
            [
                "--silo-port", Text(ports.Silo),
                "--gateway-port", Text(ports.Gateway),
                "--http-port", Text(ports.Http),
                "--data", dataFolder,
                "--detection-seconds", detectionTime.TotalSeconds.ToString(CultureInfo.InvariantCulture),
                "--checkpoint-interval", "none",
                "--exit-with-stdin",
            ])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException("The silo process did not start.");
        return new SiloProcess(process, ports, outputFile);
    }

    /// <summary>SIGKILL: the process gets no chance to save anything.</summary>
    public void Kill()
    {
        if (_process.HasExited)
            return;

        _isToEnd = true;
        _process.Kill();
    }

    /// <summary>Asks for an orderly stop; returns the exit code.</summary>
    public async Task<int> Stop(CancellationToken cancellationToken)
    {
        _isToEnd = !_process.HasExited;
        await _process.StandardInput.WriteLineAsync(StandardInputWatch.StopLine);
        await _process.StandardInput.FlushAsync(cancellationToken);
        try
        {
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(StopTimeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new DemoFailedException($"A silo that was asked to stop has not within {StopTimeout.TotalSeconds:0} s; see {OutputFile}.");
        }

        await _output.WaitAsync(ExitTimeout, cancellationToken);
        return _process.ExitCode;
    }

    public async Task WaitForExit(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(ExitTimeout, cancellationToken);
        await _output.WaitAsync(ExitTimeout, cancellationToken);
    }

    /// <summary>Where its output is, and the last lines of it.</summary>
    public string OutputHint() => $"see {OutputFile}. Its last lines:{Environment.NewLine}{OutputTail()}";

    private string OutputTail()
    {
        lock (_lastLines)
            return string.Join(Environment.NewLine, _lastLines);
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await WaitForExit(CancellationToken.None);
        _process.Dispose();
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    private async Task Pump(TextWriter output)
    {
        await using (output)
        {
            await Task.WhenAll(Copy(_process.StandardOutput), Copy(_process.StandardError));
        }

        async Task Copy(StreamReader from)
        {
            while (await from.ReadLineAsync() is { } line)
            {
                await output.WriteLineAsync(line);
                lock (_lastLines)
                {
                    _lastLines.Enqueue(line);
                    if (_lastLines.Count > LinesInHint)
                        _lastLines.Dequeue();
                }
            }
        }
    }
}

/// <summary>The ports of one silo.</summary>
internal sealed record SiloPorts(int Silo, int Gateway, int Http)
{
    public Uri HttpAddress => new(SiloSettings.Loopback(Http));
}
