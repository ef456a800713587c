using Checkpointing.SiloHost.Observation;

namespace Checkpointing.SiloHost.Http;

/// <summary>What an observer has to know of one silo to judge a recovery from outside.</summary>
internal static class SiloEndpoint
{
    public static void MapSilo(this IEndpointRouteBuilder routes) => routes.MapGet("/silo", GetSilo);

    public static void AddObservation(this IServiceCollection services)
    {
        services.AddSingleton<RolledBackGrains>();
        services.AddSingleton<LocalGrains>();
        services.AddSingleton<IConfigureGrainContextProvider>(provider => provider.GetRequiredService<LocalGrains>());
        services.AddSingleton<LostSilos>();
        services.AddHostedService(provider => provider.GetRequiredService<LostSilos>());
    }

    private static SiloView GetSilo(ILocalSiloDetails silo, LocalGrains grains, RolledBackGrains rolledBack, LostSilos lost, IServiceProvider services)
    {
        var progress = services.GetService<IRollbackProgress>();
        return new SiloView(
            silo.SiloAddress.ToParsableString(),
            lost.All,
            grains.Ids,
            rolledBack.All,
            progress is null ? null : !lost.Addresses.All(progress.IsOver));
    }
}

/// <summary>One silo, seen from outside.</summary>
/// <param name="Silo">Its address.</param>
/// <param name="Lost">The silos that it knows to be dead.</param>
/// <param name="Grains">The grains of the bank that are active here.</param>
/// <param name="RolledBack">The grains of the bank that were rolled back here, in order.</param>
/// <param name="RollbackPending">Whether grains may have to roll back for a lost silo; null if the silo cannot tell.</param>
internal sealed record SiloView(
    string Silo,
    IReadOnlyList<LostSilo> Lost,
    IReadOnlyList<string> Grains,
    IReadOnlyList<RolledBackGrain> RolledBack,
    bool? RollbackPending);
