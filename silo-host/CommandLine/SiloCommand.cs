using System.CommandLine;
using System.Globalization;
using Checkpointing.SiloHost.Clustering;
using Checkpointing.SiloHost.Hosting;
using Checkpointing.Storage.Sqlite;
using Microsoft.AspNetCore.Connections;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary><c>silo-host</c> without a command: one silo.</summary>
internal static class SiloCommand
{
    private const string Never = "none";
    private const double LongestInterval = 24 * 60 * 60;

    public static void AddTo(RootCommand root)
    {
        var siloPort = NumberOption.Port("--silo-port", "Port for messages between silos.", SiloSettings.DefaultSiloPort);
        var gatewayPort = NumberOption.Port("--gateway-port", "Port for Orleans clients.", SiloSettings.DefaultGatewayPort);
        var httpPort = NumberOption.Port("--http-port", "Port of the HTTP API on 127.0.0.1.", SiloSettings.DefaultHttpPort, "--port");
        var urls = Urls();
        var membership = new MembershipOptions();
        var data = new Option<string>("--data") { Description = "Folder of the store. Silos with the same folder form a cluster.", DefaultValueFactory = _ => SiloSettings.DefaultDataFolder };
        data.Validators.Add(static result =>
        {
            if (string.IsNullOrWhiteSpace(result.GetValueOrDefault<string>()))
                result.AddError("--data must name a folder.");
        });
        var interval = Interval();
        var exitWithInput = new Option<bool>("--exit-with-stdin") { Description = "End when the standard input ends.", Hidden = true };
        foreach (Option option in (Option[])[siloPort, gatewayPort, httpPort, urls, data, interval, exitWithInput])
            root.Add(option);

        membership.AddTo(root);
        root.SetAction((parsed, cancellationToken) => Run(
            membership.Apply(parsed, new SiloSettings
            {
                SiloPort = parsed.GetValue(siloPort),
                GatewayPort = parsed.GetValue(gatewayPort),
                Urls = parsed.GetValue(urls)?.Split(';') ?? [SiloSettings.Loopback(parsed.GetValue(httpPort))],
                DataFolder = parsed.GetRequiredValue(data),
                CheckpointInterval = ParseInterval(parsed.GetRequiredValue(interval)),
                ExitWithStandardInput = parsed.GetValue(exitWithInput),
            }),
            cancellationToken));
    }

    private static async Task<int> Run(SiloSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            await SiloApplication.Run(settings, cancellationToken);
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (Exception error) when (error is ClusteringException or SqliteGrainStorageException or OrleansConfigurationException)
        {
            Console.Error.WriteLine($"The silo could not start: {error.Message}");
            return ExitCode.BadInput;
        }
        catch (AddressInUseException)
        {
            // That of HTTP comes as an IOException, which names it.
            Console.Error.WriteLine($"The silo could not start: port {settings.SiloPort} or {settings.GatewayPort} is in use. Choose others with --silo-port and --gateway-port.");
            return ExitCode.Failure;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The silo could not start: {error.Message}");
            return ExitCode.Failure;
        }
    }

    private static Option<string?> Urls()
    {
        var option = new Option<string?>("--urls") { Description = "Addresses of the HTTP API instead of --http-port, with ';' between them; loopback only.", HelpName = "urls" };
        option.Validators.Add(result =>
        {
            foreach (var url in result.GetValueOrDefault<string?>()?.Split(';') ?? [])
            {
                if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttp || !address.IsLoopback || address.Port == 0 || address.PathAndQuery != "/")
                    result.AddError($"--urls must name http addresses of the loopback interface, with a port and without a path, such as {SiloSettings.Loopback(SiloSettings.DefaultHttpPort)}, not '{url}'.");
            }
        });
        return option;
    }

    private static Option<string> Interval()
    {
        var option = new Option<string>("--checkpoint-interval")
        {
            Description = $"Seconds between two periodic checkpoints, or '{Never}'.",
            HelpName = "seconds",
            DefaultValueFactory = _ => "10",
        };
        option.Validators.Add(result =>
        {
            var value = result.GetValueOrDefault<string>();
            if (value is null || (value != Never && ParseInterval(value) is null))
                result.AddError($"--checkpoint-interval must be a number of seconds above 0 and up to {LongestInterval}, or '{Never}', not '{value}'.");
        });
        return option;
    }

    private static TimeSpan? ParseInterval(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0.001 and <= LongestInterval
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
