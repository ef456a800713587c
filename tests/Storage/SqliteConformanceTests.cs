using Checkpointing.TestKit;

namespace Checkpointing.Storage.Tests;

public sealed class SqliteConformanceTests
{
    public static IEnumerable<TheoryDataRow<string>> Rules => GrainStorageConformance.Rules.Select(rule => new TheoryDataRow<string>(rule.Name));

    [Theory, MemberData(nameof(Rules))]
    public async Task Sqlite_storage_keeps_the_rule(string rule)
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("conformance.db"));
        await GrainStorageConformance.Rule(rule).Check(sqlite.Storage, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task All_rules_hold_at_the_same_time_with_one_write_per_transaction()
    {
        using var directory = new TemporaryDirectory();
        await using var sqlite = new SqliteTestStorage(directory.File("conformance.db"), options => options.MaximumWritesPerTransaction = 1);
        await Task.WhenAll(GrainStorageConformance.Rules.Select(rule => rule.Check(sqlite.Storage, TestContext.Current.CancellationToken)));
    }
}
