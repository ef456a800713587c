using Checkpointing.SiloHost.Demo.Judging;
using Checkpointing.SiloHost.Demo.Load;
using Checkpointing.SiloHost.Demo.Progress;
using Checkpointing.SiloHost.Demo.Silos;

namespace Checkpointing.SiloHost.Demo;

/// <summary>What the parts of the demo have in common.</summary>
internal sealed class DemoScene : IAsyncDisposable
{
    // A call to a silo that is dead, and not yet known to be, waits that long before it fails.
    private static readonly TimeSpan PatienceBeyondDetection = TimeSpan.FromSeconds(15);

    // A silo says that a call timed out after Orleans' response timeout, 30 s. That is an answer, and may be repeated.
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(35);

    public DemoScene(DemoOptions options, IDemoProgress progress)
    {
        Options = options;
        Progress = progress;
        Random = new Random(options.Seed);
        Judge = new RecoveryJudge(options.Accounts, DemoOptions.OpeningCents, new AccountGroups(options.Groups, options.Accounts));
        Directory.CreateDirectory(options.DataFolder);
        Log = AcknowledgedLog.Create(Path.Combine(options.DataFolder, "acknowledged.log"));
        Cluster = new SiloCluster(options.DataFolder, options.Silos, options.DetectionTime, progress.Say);
        Bank = new BankClient(() => Cluster.Serving, TimeSpan.FromTicks(Math.Max(ShortestPatience.Ticks, (options.DetectionTime + PatienceBeyondDetection).Ticks)));
        Views = new SiloViews(Cluster, Bank);
    }

    public DemoOptions Options { get; }

    public IDemoProgress Progress { get; }

    public Random Random { get; }

    public DemoFigures Figures { get; } = new();

    public RecoveryJudge Judge { get; }

    public SiloCluster Cluster { get; }

    public BankClient Bank { get; }

    public SiloViews Views { get; }

    public AcknowledgedLog Log { get; }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        Bank.Dispose();
        await Log.DisposeAsync();
    }
}
