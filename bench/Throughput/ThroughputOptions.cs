namespace Checkpointing.Bench.Throughput;

/// <summary>How much is measured.</summary>
/// <param name="Runs">Runs of each mode.</param>
/// <param name="RunLength">Length of one run.</param>
/// <param name="WarmUp">Length of each of two runs of a mode before it is measured.</param>
/// <param name="Callers">Callers at the same time, each with a transfer grain of its own.</param>
/// <param name="Accounts">Accounts that the transfers go between.</param>
/// <param name="DataFolder">Folder of the stores.</param>
internal sealed record ThroughputOptions(int Runs, TimeSpan RunLength, TimeSpan WarmUp, int Callers, int Accounts, string DataFolder)
{
    /// <summary>Time between two rounds in the mode that takes them.</summary>
    public static readonly TimeSpan RoundInterval = TimeSpan.FromSeconds(1);
}
