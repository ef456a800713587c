using Checkpointing.SiloHost.Clustering;
using Checkpointing.SiloHost.Http;

namespace Checkpointing.SiloHost.Hosting;

/// <summary>One process: a silo and the HTTP API of the bank.</summary>
internal static class SiloApplication
{
    public static async Task Run(SiloSettings settings, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(settings.DataFolder);
        await Membership.Prepare(settings, cancellationToken);
        await using var application = Build(settings);
        using var parent = settings.ExitWithStandardInput ? StandardInputWatch.Start(application.Lifetime.StopApplication) : null;
        await application.StartAsync(cancellationToken);
        Console.WriteLine($"Bank listening on {string.Join(", ", settings.Urls)} (silo port {settings.SiloPort}, store {Path.GetFullPath(settings.StoreFile)}).");
        Console.WriteLine($"Try: curl {settings.Urls[0]}/  Ctrl+C stops it.");
        await application.WaitForShutdownAsync(cancellationToken);
    }

    private static WebApplication Build(SiloSettings settings)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls([.. settings.Urls]);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        builder.Logging.AddFilter("Orleans", LogLevel.Warning);

        // What keeps a silo from starting is thrown too, and told once: by the command.
        var hasStarted = false;
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => Volatile.Read(ref hasStarted) && level >= LogLevel.Information);

        // Not advice about garbage collection; a first check that counts from the start of the machine; placement attempts while a silo stops.
        builder.Logging.AddFilter("Orleans.Runtime.Silo", level => Volatile.Read(ref hasStarted) && level >= LogLevel.Error);
        builder.Logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Logging.AddFilter("Polly", LogLevel.Critical);
        builder.Host.UseOrleans(silo => Silo.Configure(silo, settings));
        builder.Services.AddBankApi();

        var application = builder.Build();
        application.Lifetime.ApplicationStarted.Register(() => Volatile.Write(ref hasStarted, true));
        application.MapBankApi();
        return application;
    }
}
