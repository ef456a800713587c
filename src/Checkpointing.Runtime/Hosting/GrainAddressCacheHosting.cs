using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.GrainDirectory;

namespace Checkpointing.Runtime.Hosting;

/// <summary>Puts <see cref="GrainAddressCache"/> around the runtime's cache of grain addresses. An application that has none, or one of its own, keeps it as it is.</summary>
internal static class GrainAddressCacheHosting
{
    public static void AddGrainAddressCache(this IServiceCollection services)
    {
        services.AddSingleton<SilosWithoutGrains>();
        if (services.Any(IsCache))
        {
            return;
        }

        // Each directory of the runtime asks once, and has a cache of its own.
        var ours = ServiceDescriptor.Transient<IGrainDirectoryCache>(provider => new GrainAddressCache(
            GrainDirectoryCacheFactory.CreateGrainDirectoryCache(provider, AsOfTheRuntime(provider.GetRequiredService<IOptions<GrainDirectoryOptions>>().Value)),
            provider.GetRequiredService<SilosWithoutGrains>()));
        services.Add(ours);
        services.PostConfigure<GrainDirectoryOptions>(options =>
        {
            if (options.CachingStrategy is not (GrainDirectoryOptions.CachingStrategyType.None or GrainDirectoryOptions.CachingStrategyType.Custom) && services.LastOrDefault(IsCache) == ours)
            {
                options.CachingStrategy = GrainDirectoryOptions.CachingStrategyType.Custom;
            }
        });
    }

    private static bool IsCache(ServiceDescriptor service) => service.ServiceType == typeof(IGrainDirectoryCache);

    private static GrainDirectoryOptions AsOfTheRuntime(GrainDirectoryOptions options) => new()
    {
        CachingStrategy = GrainDirectoryOptions.CachingStrategyType.LRU,
        CacheSize = options.CacheSize,
        MaximumCacheTTL = options.MaximumCacheTTL,
    };
}
