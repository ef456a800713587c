namespace Checkpointing.SiloHost.Clustering.Sqlite;

/// <summary>
/// Which silo processes of this machine have ended for certain. Each holds a file of its own locked while it runs; the kernel drops the lock when the process
/// ends, however it ends. To be used by one process at a time: within a writing transaction of the membership file.
/// </summary>
internal sealed class SiloProcesses(string folder)
{
    /// <summary>Says that this process runs the silo, until the result is disposed of or the process ends.</summary>
    public FileStream Hold(SiloAddress silo)
    {
        Directory.CreateDirectory(folder);
        return new FileStream(FileOf(silo), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
    }

    /// <summary>True if the silo's process has ended; false if it runs, or if nothing is known of it.</summary>
    public bool HasEnded(SiloAddress silo)
    {
        try
        {
            using var file = new FileStream(FileOf(silo), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>To be called for an ended process only.</summary>
    public void Forget(SiloAddress silo) => File.Delete(FileOf(silo));

    private string FileOf(SiloAddress silo) => Path.Combine(folder, silo.ToParsableString().Replace(':', '_'));
}
