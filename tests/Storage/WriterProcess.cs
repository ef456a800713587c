using System.Diagnostics;
using System.Globalization;

namespace Checkpointing.Storage.Tests;

/// <summary>A process that writes to a shared file and acknowledges each write on its standard output.</summary>
internal sealed class WriterProcess : IDisposable
{
    private readonly Process _process;

    public WriterProcess(string dataSource, string writer, int writesPerRecord)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Checkpointing.StorageWriter.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet", [program, dataSource, writer, $"{writesPerRecord}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    /// <summary>The last acknowledged version and its ETag, by record.</summary>
    public Dictionary<string, (int Version, string ETag)> Acknowledged { get; } = [];

    public int Acknowledgements { get; private set; }

    /// <summary>Reads acknowledgements until there are that many, or until the process has ended.</summary>
    public async Task ReadAcknowledgements(int atLeast, CancellationToken cancellationToken)
    {
        while (Acknowledgements < atLeast && await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            // A line that the kill cut short acknowledges nothing.
            if (line.Split(' ') is not ["ack", var writer, var record, var version, { Length: 32 } etag])
                continue;
            Acknowledged[$"{writer}-{record}"] = (int.Parse(version, CultureInfo.InvariantCulture), etag);
            Acknowledgements++;
        }
    }

    /// <summary>SIGKILL: the process runs no line of code after this.</summary>
    public void Kill() => _process.Kill();

    public async Task<(int ExitCode, string Errors)> WaitForExit(CancellationToken cancellationToken)
    {
        var errors = await _process.StandardError.ReadToEndAsync(cancellationToken);
        await _process.WaitForExitAsync(cancellationToken);
        return (_process.ExitCode, errors);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
