using Checkpointing.SiloHost.Clustering.Sqlite;

namespace Checkpointing.SiloHost.Tests.Membership;

/// <summary>Reads a row and writes it again, as often as it takes to win.</summary>
internal static class TableUpdates
{
    private const int MostAttempts = 10_000;

    /// <summary>Returns the versions that were won.</summary>
    public static async Task<List<int>> Make(SqliteMembershipTable table, SiloAddress silo, int count)
    {
        var won = new List<int>();
        for (var attempt = 0; won.Count < count; attempt++)
        {
            Assert.True(attempt < MostAttempts, $"Only {won.Count} of {count} updates won.");
            var data = await table.ReadAll();
            var (entry, etag) = data.TryGet(silo)!;
            var next = data.Version.Next();
            if (await table.UpdateRow(entry, etag, next))
                won.Add(next.Version);
        }

        return won;
    }
}
