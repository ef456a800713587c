namespace Checkpointing.SiloHost.CommandLine;

/// <summary>What the process returns.</summary>
internal static class ExitCode
{
    /// <summary>All held.</summary>
    public const int Success = 0;

    /// <summary>A check failed, or what was asked for could not be done.</summary>
    public const int Failure = 1;

    /// <summary>The command line or its input makes no sense; nothing was done.</summary>
    public const int BadInput = 2;
}
