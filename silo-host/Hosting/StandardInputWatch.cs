using System.Diagnostics;

namespace Checkpointing.SiloHost.Hosting;

/// <summary>
/// Ends this process when its standard input ends. The parent holds the other end of the pipe: however the parent ends, the kernel closes the pipe, and no
/// silo is left behind. The line <see cref="StopLine"/> asks for an orderly stop, as SIGTERM does where there are signals.
/// </summary>
internal sealed class StandardInputWatch : IDisposable
{
    public const string StopLine = "stop";

    private readonly StreamReader _input = new(Console.OpenStandardInput());
    private readonly Action _stop;

    private StandardInputWatch(Action stop) => _stop = stop;

    public static StandardInputWatch Start(Action stop)
    {
        var watch = new StandardInputWatch(stop);
        new Thread(watch.WaitForEnd) { IsBackground = true, Name = nameof(StandardInputWatch) }.Start();
        return watch;
    }

    public void Dispose() => _input.Dispose();

    private void WaitForEnd()
    {
        try
        {
            while (_input.ReadLine() is { } line)
            {
                if (line == StopLine)
                    _stop();
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // As good as ended.
        }

        // No orderly exit: nobody is left to wait for it.
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }
}
