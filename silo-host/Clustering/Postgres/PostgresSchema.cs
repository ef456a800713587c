using Npgsql;

namespace Checkpointing.SiloHost.Clustering.Postgres;

/// <summary>Creates the tables and queries that Orleans' provider looks for in the database, unless they are there.</summary>
internal static class PostgresSchema
{
    /// <summary>The name by which Orleans' provider knows the driver.</summary>
    public const string Invariant = "Npgsql";

    private const string Script = "Checkpointing.SiloHost.Clustering.Postgres.membership.sql";

    public static async Task Create(string connection, CancellationToken cancellationToken)
    {
        var options = Parse(connection);
        try
        {
            await using var database = new NpgsqlConnection(connection);
            await database.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(await ReadScript(), database);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            var what = fault is PostgresException ? "refused" : "cannot be reached";
            throw new ClusteringException($"The PostgreSQL database {options.Database} on {options.Host}:{options.Port} {what}: {fault.Message}", fault);
        }
    }

    private static NpgsqlConnectionStringBuilder Parse(string connection)
    {
        try
        {
            var options = new NpgsqlConnectionStringBuilder(connection);
            return options.Host is { Length: > 0 } ? options : throw new ArgumentException("it names no Host.");
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            throw new ClusteringException(
                $"--connection is no PostgreSQL connection string, such as 'Host=db1;Database=bank;Username=silo': {fault.Message}",
                fault);
        }
    }

    private static async Task<string> ReadScript()
    {
        await using var resource = typeof(PostgresSchema).Assembly.GetManifestResourceStream(Script)!;
        using var reader = new StreamReader(resource);
        return await reader.ReadToEndAsync();
    }
}
