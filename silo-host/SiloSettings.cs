using System.Net;
using Checkpointing.SiloHost.Clustering;

namespace Checkpointing.SiloHost;

/// <summary>Where one silo process listens and keeps its data. Everything is on the loopback interface.</summary>
internal sealed record SiloSettings
{
    public const int DefaultHttpPort = 5080;
    public const int DefaultSiloPort = 11111;
    public const int DefaultGatewayPort = 30000;
    public const string DefaultDataFolder = "data";
    public const double DefaultDetectionSeconds = 6;
    public const double ShortestDetectionSeconds = 1.5;
    public const double LongestDetectionSeconds = 60;

    /// <summary>Port for messages between silos.</summary>
    public int SiloPort { get; init; } = DefaultSiloPort;

    /// <summary>Port for Orleans clients.</summary>
    public int GatewayPort { get; init; } = DefaultGatewayPort;

    /// <summary>Addresses of the HTTP API.</summary>
    public IReadOnlyList<string> Urls { get; init; } = [Loopback(DefaultHttpPort)];

    /// <summary>Where the silos of the cluster find each other.</summary>
    public ClusteringKind Clustering { get; init; } = ClusteringKind.Sqlite;

    /// <summary>How to reach the server of <see cref="Clustering"/>; null for SQLite.</summary>
    public string? Connection { get; init; }

    /// <summary>About how long a silo may be silent before the others declare it dead.</summary>
    public TimeSpan DetectionTime { get; init; } = TimeSpan.FromSeconds(DefaultDetectionSeconds);

    /// <summary>The folder of the store and of the membership file.</summary>
    public string DataFolder { get; init; } = DefaultDataFolder;

    /// <summary>Time between two periodic rounds; null: only on request.</summary>
    public TimeSpan? CheckpointInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Ends the process when its standard input ends: set by a parent that must not leave silos behind.</summary>
    public bool ExitWithStandardInput { get; init; }

    public string StoreFile => Path.Combine(DataFolder, "checkpoints.db");

    public string MembershipFile => Path.Combine(DataFolder, "membership.db");

    public static string Loopback(int port) => $"http://{IPAddress.Loopback}:{port}";
}
