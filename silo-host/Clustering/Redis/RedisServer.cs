using StackExchange.Redis;

namespace Checkpointing.SiloHost.Clustering.Redis;

/// <summary>A look at the Redis server before the silo starts, for one clear error.</summary>
internal static class RedisServer
{
    public static async Task Check(string connection)
    {
        ConfigurationOptions options;
        try
        {
            options = ConfigurationOptions.Parse(connection);
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            throw new ClusteringException($"--connection is no Redis connection string, such as 127.0.0.1:6379: {fault.Message}", fault);
        }

        if (options.EndPoints.Count == 0)
            throw new ClusteringException("--connection names no Redis server; it must be such as 127.0.0.1:6379.");

        try
        {
            await using var server = await ConnectionMultiplexer.ConnectAsync(options);
            await server.GetDatabase().PingAsync();
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            throw new ClusteringException($"The Redis server {options.ToString(includePassword: false)} cannot be reached: {FirstLine(fault.Message)}", fault);
        }
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();
}
