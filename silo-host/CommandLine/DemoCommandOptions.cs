using System.CommandLine;
using Checkpointing.SiloHost.Demo;
using Checkpointing.SiloHost.Demo.Faults;
using Checkpointing.SiloHost.Demo.Load;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary>The options that say what the demo does.</summary>
internal sealed class DemoCommandOptions
{
    private const int ShortestPeriodSeconds = 2;
    private const int UsualSeconds = 10;
    private const int UsualKills = 3;
    private const int UsualSilos = 3;

    private readonly Option<int> _accounts = NumberOption.Create("--accounts", "Accounts of the bank.", 64, 2, 1000);
    private readonly Option<int> _groups = NumberOption.Create("--groups", "Groups of accounts and ledgers that never have to do with each other.", 1, 1, AccountGroups.Most);
    private readonly Option<int?> _seconds = NumberOption.CreateWithoutDefault(
        "--seconds",
        $"Seconds under load, all periods between faults together; without it {UsualSeconds}, or {ShortestPeriodSeconds} for each period if that is more. What the faults take comes on top.",
        1,
        3600);
    private readonly Option<int> _kills = NumberOption.Create("--kills", "How many kills, of one silo or of all.", UsualKills, 0, 100);
    private readonly Option<int?> _clusterKills = NumberOption.CreateWithoutDefault("--cluster-kills", "How many of the kills are of all silos; without it, about a third, but two of three; with one silo all. If it is all, there are no rolling restarts.", 0, 100);
    private readonly Option<bool> _rollingRestart = new("--rolling-restart")
    {
        Description = "Only a rolling restart: each silo stops in order and is replaced before the next one stops. Without it, one comes with every five kills.",
    };

    private readonly Option<int> _silos = NumberOption.Create("--silos", "Silo processes.", UsualSilos, 1, 8);
    private readonly Option<int> _callers = NumberOption.Create("--callers", "Callers that make transfers at the same time.", 16, 1, 64);
    private readonly Option<double> _detection = NumberOption.Create(
        "--detection-seconds",
        "About how long a silo may be silent before the others declare it dead.",
        DemoOptions.DefaultDetectionSeconds,
        SiloSettings.ShortestDetectionSeconds,
        SiloSettings.LongestDetectionSeconds);

    private readonly Option<int?> _seed = new("--seed") { Description = "Seed of all random choices, the order of the faults too; without it, one is drawn and printed.", HelpName = "number" };
    private readonly Option<string?> _data = new("--data") { Description = "An empty or new folder for store and logs; without it, a new one under data/demo.", HelpName = "folder" };

    public DemoCommandOptions() => _data.Validators.Add(result =>
    {
        var folder = result.GetValueOrDefault<string?>();
        if (result.Tokens.Count > 0 && string.IsNullOrWhiteSpace(folder))
            result.AddError("--data must name a folder.");
        else if (folder is not null && (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())))
            result.AddError($"--data '{folder}' is not empty: the demo needs a new bank.");
    });

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_accounts, _groups, _seconds, _kills, _clusterKills, _rollingRestart, _silos, _callers, _detection, _seed, _data])
            command.Add(option);
    }

    /// <summary>Null if the options do not go together.</summary>
    public DemoOptions? Read(ParseResult parsed, Func<int, string> newFolder, out string problem)
    {
        // Not a validator: those do not see default values.
        var alone = parsed.GetValue(_rollingRestart);
        var silos = parsed.GetValue(_silos);
        var kills = alone ? 0 : parsed.GetValue(_kills);
        var clusterKills = alone ? 0 : parsed.GetValue(_clusterKills) ?? FaultPlan.UsualClusterKills(kills, silos);
        var seed = parsed.GetValue(_seed) ?? Random.Shared.Next();
        var options = new DemoOptions
        {
            Accounts = parsed.GetValue(_accounts),
            Groups = parsed.GetValue(_groups),
            SiloKills = kills - clusterKills,
            ClusterKills = clusterKills,
            RollingRestarts = alone ? 1 : FaultPlan.UsualRollingRestarts(kills, clusterKills),
            Silos = silos,
            Callers = parsed.GetValue(_callers),
            DetectionTime = TimeSpan.FromSeconds(parsed.GetValue(_detection)),
            Seed = seed,
            DataFolder = Path.GetFullPath(parsed.GetValue(_data) ?? newFolder(seed)),
        };
        options = options with { Load = TimeSpan.FromSeconds(parsed.GetValue(_seconds) ?? Math.Max(UsualSeconds, ShortestPeriodSeconds * options.Periods)) };
        problem = options switch
        {
            _ when alone && (IsGiven(parsed, _kills) || IsGiven(parsed, _clusterKills)) => "--rolling-restart runs alone: give it without --kills.",
            { SiloKills: < 0 } => $"--cluster-kills must not be more than --kills, which is {kills}.",
            { Silos: 1, SiloKills: > 0 } => "With one silo, all kills are kills of all silos: give --cluster-kills as --kills, or not at all.",
            { Silos: 1, RollingRestarts: > 0 } => "--rolling-restart needs at least 2 --silos: one goes on while another is replaced.",
            _ when options.Accounts < 2 * options.Groups => $"--accounts must be at least {2 * options.Groups}: each of the {options.Groups} --groups needs two.",
            _ when options.Load < TimeSpan.FromSeconds(ShortestPeriodSeconds * options.Periods) =>
                $"--seconds must be at least {ShortestPeriodSeconds * options.Periods}: {ShortestPeriodSeconds} for each of {options.Periods - 1} faults and for the end.",
            _ => "",
        };
        return problem.Length == 0 ? options : null;
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}
