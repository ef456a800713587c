using System.CommandLine;
using Checkpointing.SiloHost.Clustering;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary>The options that say who belongs to the cluster.</summary>
internal sealed class MembershipOptions
{
    private const string ConnectionName = "--connection";

    private static readonly Dictionary<string, ClusteringKind> Kinds = Enum.GetValues<ClusteringKind>().ToDictionary(kind => kind.ToString().ToLowerInvariant());

    private readonly Option<string> _clustering = new("--clustering")
    {
        Description = "Where silos find each other: 'sqlite', a file in the data folder, for the silos of one machine; 'redis' or 'postgres', a server, also for several.",
        HelpName = string.Join('|', Kinds.Keys),
        DefaultValueFactory = _ => "sqlite",
    };

    private readonly Option<string?> _connection = new(ConnectionName)
    {
        Description = "How to reach the server of --clustering redis ('127.0.0.1:6379') or postgres ('Host=127.0.0.1;Database=bank;Username=silo').",
        HelpName = "string",
    };

    private readonly Option<double> _detection = NumberOption.Create(
        "--detection-seconds",
        "About how long a silo may be silent before the others declare it dead. Short times take a busy silo for a dead one.",
        SiloSettings.DefaultDetectionSeconds,
        SiloSettings.ShortestDetectionSeconds,
        SiloSettings.LongestDetectionSeconds);

    public MembershipOptions() => _clustering.Validators.Add(result =>
    {
        if (result.Tokens.Count == 1 && !Kinds.ContainsKey(result.Tokens[0].Value))
            result.AddError($"--clustering must be {string.Join(" or ", Kinds.Keys)}, not '{result.Tokens[0].Value}'.");
    });

    public void AddTo(RootCommand root)
    {
        root.Add(_clustering);
        root.Add(_connection);
        root.Add(_detection);

        // An option's own validator does not see the other one; and none sees default values.
        root.Validators.Add(result =>
        {
            var clustering = result.GetValue(_clustering) ?? "sqlite";
            var hasConnection = !string.IsNullOrWhiteSpace(result.GetValue(_connection));
            if (clustering == "sqlite" && hasConnection)
                result.AddError($"{ConnectionName} is for --clustering redis or postgres.");
            else if (clustering is "redis" or "postgres" && !hasConnection)
                result.AddError($"--clustering {clustering} needs {ConnectionName}: how to reach the server.");
        });
    }

    public SiloSettings Apply(ParseResult parsed, SiloSettings settings) => settings with
    {
        Clustering = Kinds[parsed.GetRequiredValue(_clustering)],
        Connection = parsed.GetValue(_connection),
        DetectionTime = TimeSpan.FromSeconds(parsed.GetValue(_detection)),
    };
}
