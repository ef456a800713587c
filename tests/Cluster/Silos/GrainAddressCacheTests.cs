using System.Net;
using Checkpointing.Runtime.Hosting;
using Checkpointing.Runtime.Silos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.GrainDirectory;
using static Orleans.Configuration.GrainDirectoryOptions;

namespace Checkpointing.Cluster.Tests.Silos;

public sealed class GrainAddressCacheTests
{
    private static readonly SiloAddress Stays = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1);
    private static readonly SiloAddress Leaves = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 2), 1);

    [Fact]
    public async Task Addresses_on_a_silo_without_grains_are_not_found_and_all_others_are()
    {
        await using var services = Services();
        var cache = Assert.IsType<GrainAddressCache>(services.GetRequiredService<IGrainDirectoryCache>());
        var (p, q) = (GrainId.Create("participant", "p"), GrainId.Create("participant", "q"));
        cache.AddOrUpdate(new GrainAddress { GrainId = p, SiloAddress = Stays }, 1);
        cache.AddOrUpdate(new GrainAddress { GrainId = q, SiloAddress = Leaves }, 1);
        Assert.True(cache.LookUp(p, out _, out _));
        Assert.True(cache.LookUp(q, out _, out _));

        services.GetRequiredService<SilosWithoutGrains>().Add(Leaves, _ => false);
        Assert.True(cache.LookUp(p, out var found, out _));
        Assert.Equal(Stays, found.SiloAddress);
        Assert.False(cache.LookUp(q, out _, out _));

        cache.AddOrUpdate(new GrainAddress { GrainId = q, SiloAddress = Stays }, 2);
        Assert.True(cache.LookUp(q, out _, out _));
    }

    [Fact]
    public void Silos_that_are_gone_are_forgotten_when_the_next_one_leaves()
    {
        var silos = new SilosWithoutGrains();
        silos.Add(Leaves, _ => false);
        silos.Add(Stays, silo => silo.Equals(Leaves));
        Assert.Equal((false, true), (silos.Contains(Leaves), silos.Contains(Stays)));
    }

    [Theory]
    [InlineData(CachingStrategyType.LRU, CachingStrategyType.Custom)]
    [InlineData(CachingStrategyType.None, CachingStrategyType.None)]
    public async Task The_cache_of_the_runtime_is_replaced_only_if_it_is_used(CachingStrategyType configured, CachingStrategyType used)
    {
        await using var services = Services(later: all => all.Configure<GrainDirectoryOptions>(options => options.CachingStrategy = configured));
        Assert.Equal(used, services.GetRequiredService<IOptions<GrainDirectoryOptions>>().Value.CachingStrategy);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cache_of_the_application_is_left_alone(bool isRegisteredBefore)
    {
        await using var own = new GrainAddressCache(GrainDirectoryCacheFactory.CreateGrainDirectoryCache(null!, new GrainDirectoryOptions()), new SilosWithoutGrains());
        await using var services = isRegisteredBefore ? Services(before: Register) : Services(later: Register);
        Assert.Same(own, services.GetRequiredService<IGrainDirectoryCache>());
        Assert.Equal(CachingStrategyType.LRU, services.GetRequiredService<IOptions<GrainDirectoryOptions>>().Value.CachingStrategy);

        void Register(IServiceCollection all) => all.AddSingleton<IGrainDirectoryCache>(own);
    }

    private static ServiceProvider Services(Action<IServiceCollection>? before = null, Action<IServiceCollection>? later = null)
    {
        var services = new ServiceCollection();
        services.AddOptions();
        before?.Invoke(services);
        services.AddGrainAddressCache();
        later?.Invoke(services);
        return services.BuildServiceProvider();
    }
}
