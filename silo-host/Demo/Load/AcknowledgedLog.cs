using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Checkpointing.SiloHost.Bank;

namespace Checkpointing.SiloHost.Demo.Load;

/// <summary>
/// The driver's own memory of what the bank promised: an append-only file. A transfer counts as acknowledged from the moment its line is on disk, and
/// not before. Lines that wait together share one flush.
/// </summary>
internal sealed class AcknowledgedLog : IAsyncDisposable
{
    private readonly Channel<Line> _lines = Channel.CreateUnbounded<Line>(new UnboundedChannelOptions { SingleReader = true });
    private readonly FileStream _file;
    private readonly Task _writer;
    private long _lastAcknowledged;

    private AcknowledgedLog(FileStream file)
    {
        _file = file;
        _writer = Task.Run(Write);
    }

    /// <summary>The number of the last acknowledged transfer: every transfer up to it is on disk. 0 before the first.</summary>
    public long LastAcknowledged => Volatile.Read(ref _lastAcknowledged);

    public static AcknowledgedLog Create(string path) => new(new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read));

    /// <summary>Acknowledges a transfer; returns its number once that is on disk.</summary>
    public Task<long> Acknowledge(Transfer transfer) =>
        Append(string.Create(CultureInfo.InvariantCulture, $"transfer {transfer.Id} {transfer.From} {transfer.To} {transfer.Cents}"), isTransfer: true);

    /// <summary>Notes an event between the transfers.</summary>
    public Task Note(string text) => Append(text, isTransfer: false);

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writer;
        await _file.DisposeAsync();
    }

    private Task<long> Append(string text, bool isTransfer)
    {
        var line = new Line(text, isTransfer, new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
        return _lines.Writer.TryWrite(line) ? line.Written.Task : throw new ObjectDisposedException(nameof(AcknowledgedLog));
    }

    private async Task Write()
    {
        var group = new List<(Line Line, long Number)>();
        var number = 0L;
        try
        {
            while (await _lines.Reader.WaitToReadAsync())
            {
                group.Clear();
                while (_lines.Reader.TryRead(out var line))
                {
                    group.Add((line, line.IsTransfer ? ++number : number));
                    _file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{number} {line.Text}\n")));
                }

                _file.Flush(flushToDisk: true);
                Volatile.Write(ref _lastAcknowledged, number);
                foreach (var (line, assigned) in group)
                    line.Written.SetResult(assigned);
            }
        }
        catch (IOException error)
        {
            // Without its log the driver cannot judge: everyone who waits must fail.
            _lines.Writer.TryComplete(error);
            foreach (var (line, _) in group)
                line.Written.TrySetException(error);

            while (_lines.Reader.TryRead(out var line))
                line.Written.TrySetException(error);
        }
    }

    private sealed record Line(string Text, bool IsTransfer, TaskCompletionSource<long> Written);
}
