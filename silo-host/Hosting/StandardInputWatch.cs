using System.Diagnostics;

namespace Checkpointing.SiloHost.Hosting;

/// <summary>
/// Ends this process when its standard input ends. The parent holds the other end of the pipe and never writes: however the parent ends, the kernel
/// closes the pipe, and no silo is left behind.
/// </summary>
internal sealed class StandardInputWatch : IDisposable
{
    private readonly Stream _input = Console.OpenStandardInput();

    private StandardInputWatch()
    {
    }

    public static StandardInputWatch Start()
    {
        var watch = new StandardInputWatch();
        new Thread(watch.WaitForEnd) { IsBackground = true, Name = nameof(StandardInputWatch) }.Start();
        return watch;
    }

    public void Dispose() => _input.Dispose();

    private void WaitForEnd()
    {
        var buffer = new byte[16];
        try
        {
            while (_input.Read(buffer) > 0)
            {
                // Whatever it says, it is still there.
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
