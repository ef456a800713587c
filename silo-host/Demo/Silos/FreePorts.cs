using System.Net;
using System.Net.Sockets;

namespace Checkpointing.SiloHost.Demo.Silos;

/// <summary>Ports of the loopback interface that nobody uses at the moment. Somebody may take one before its user does: be ready to try others.</summary>
internal static class FreePorts
{
    public static int[] Find(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        try
        {
            foreach (var listener in listeners)
                listener.Start();

            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var listener in listeners)
                listener.Dispose();
        }
    }
}
