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

    private static async Task<SiloView> GetSilo(
        ILocalSiloDetails silo, LocalGrains grains, RolledBackGrains rolledBack, LostSilos lost, IGrainFactory factory, CancellationToken cancellationToken)
    {
        // What is told after the answer "nothing is pending" is all there was to tell.
        var isPending = await IsRecovering(factory, cancellationToken);
        return new SiloView(silo.SiloAddress.ToParsableString(), lost.All, grains.Ids, rolledBack.All, isPending);
    }

    /// <summary>As long as nobody can answer, something may be pending.</summary>
    private static async Task<bool> IsRecovering(IGrainFactory factory, CancellationToken cancellationToken)
    {
        try
        {
            return await factory.GetCheckpointCoordinator().IsRecovering(cancellationToken);
        }
        catch (Exception exception) when (RetryableErrors.Of(exception) is not null)
        {
            return true;
        }
    }
}

/// <summary>One silo, seen from outside.</summary>
/// <param name="Silo">Its address.</param>
/// <param name="Lost">The silos that it knows to be dead.</param>
/// <param name="Grains">The grains of the bank that are active here.</param>
/// <param name="RolledBack">The grains of the bank that were rolled back here, in order.</param>
/// <param name="RollbackPending">Whether grains may have to roll back for a lost silo.</param>
internal sealed record SiloView(
    string Silo,
    IReadOnlyList<LostSilo> Lost,
    IReadOnlyList<string> Grains,
    IReadOnlyList<RolledBackGrain> RolledBack,
    bool RollbackPending);
