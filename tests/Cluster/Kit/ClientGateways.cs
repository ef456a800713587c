using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>The gateways that a client knows.</summary>
internal static class ClientGateways
{
    /// <summary>
    /// Tells the client that a silo goes, which it would find out within a minute. Until then, it may send calls through that gateway: a closing one takes
    /// them and never answers, and a call that finds two gateways closed fails.
    /// </summary>
    public static void Leave(this IClusterClient client, InProcessSiloHandle silo)
    {
        // The runtime offers no other way.
        var type = typeof(IClusterClient).Assembly.GetType("Orleans.Messaging.GatewayManager", throwOnError: true)!;
        var markAsDead = type.GetMethod("MarkAsDead", [typeof(SiloAddress)]) ?? throw new MissingMethodException(type.FullName, "MarkAsDead");
        markAsDead.Invoke(client.ServiceProvider.GetRequiredService(type), [SiloAddress.New(silo.GatewayAddress.Endpoint, 0)]);
    }
}
