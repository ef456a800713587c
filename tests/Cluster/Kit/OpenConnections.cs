using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>The open connections between the silos of a cluster; they can be broken while the silos go on.</summary>
internal sealed class OpenConnections
{
    private readonly ConcurrentDictionary<ConnectionContext, bool> _open = new();

    public int Aborted { get; private set; }

    public void Watch(ISiloBuilder silo) => silo.Configure<SiloConnectionOptions>(options =>
    {
        options.ConfigureSiloInboundConnection(connection => connection.Use(Watch));
        options.ConfigureSiloOutboundConnection(connection => connection.Use(Watch));
    });

    public void AbortOne(Random random)
    {
        if (_open.Keys.ToArray() is { Length: > 0 } open)
        {
            open[random.Next(open.Length)].Abort(new ConnectionAbortedException("The test breaks it."));
            Aborted++;
        }
    }

    private ConnectionDelegate Watch(ConnectionDelegate next) => async connection =>
    {
        _open.TryAdd(connection, true);
        try
        {
            await next(connection);
        }
        finally
        {
            _open.TryRemove(connection, out _);
        }
    };
}
