using System.Net;

namespace Checkpointing.SiloHost;

/// <summary>Where one silo process listens and keeps its data. Everything is on the loopback interface.</summary>
internal sealed record SiloSettings
{
    public const int DefaultHttpPort = 5080;
    public const int DefaultSiloPort = 11111;
    public const int DefaultGatewayPort = 30000;
    public const string DefaultDataFolder = "data";

    /// <summary>Port for messages between silos.</summary>
    public int SiloPort { get; init; } = DefaultSiloPort;

    /// <summary>Port for Orleans clients.</summary>
    public int GatewayPort { get; init; } = DefaultGatewayPort;

    /// <summary>Addresses of the HTTP API.</summary>
    public IReadOnlyList<string> Urls { get; init; } = [Loopback(DefaultHttpPort)];

    /// <summary>The silo port of the process that keeps the membership table: the first of the cluster.</summary>
    public int PrimarySiloPort { get; init; } = DefaultSiloPort;

    /// <summary>The folder of the store.</summary>
    public string DataFolder { get; init; } = DefaultDataFolder;

    /// <summary>Time between two periodic rounds; null: only on request.</summary>
    public TimeSpan? CheckpointInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Ends the process when its standard input ends: set by a parent that must not leave silos behind.</summary>
    public bool ExitWithStandardInput { get; init; }

    public string StoreFile => Path.Combine(DataFolder, "checkpoints.db");

    public static string Loopback(int port) => $"http://{IPAddress.Loopback}:{port}";
}
