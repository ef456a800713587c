using Checkpointing.SiloHost.Clustering;
using Checkpointing.SiloHost.Clustering.Sqlite;
using Checkpointing.SiloHost.Tests.Kit;
using Microsoft.Data.Sqlite;
using static Checkpointing.SiloHost.Tests.Membership.TableRows;

namespace Checkpointing.SiloHost.Tests.Membership;

/// <summary>Files that are no membership table, and members whose processes have ended.</summary>
public sealed class MembershipFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.File("membership.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_left_as_it_is()
    {
        var content = string.Concat(Enumerable.Repeat("Dear diary. ", 1000));
        await System.IO.File.WriteAllTextAsync(File, content, TestContext.Current.CancellationToken);

        await AssertRefused("not an SQLite database");

        Assert.Equal(content, await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_database_of_another_application_is_refused_and_left_as_it_is()
    {
        Execute("CREATE TABLE diary (entry TEXT)");
        var content = await System.IO.File.ReadAllBytesAsync(File, TestContext.Current.CancellationToken);

        await AssertRefused("another application");

        Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(File, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_of_a_newer_version_is_refused()
    {
        await NewTable().InitializeMembershipTable(true);
        Execute("PRAGMA user_version = 99");

        await AssertRefused("newer version");
    }

    [Fact]
    public async Task A_damaged_file_is_refused()
    {
        await NewTable().InitializeMembershipTable(true);
        Execute("DROP TABLE silo");

        await AssertRefused("damaged");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_an_error()
    {
        await System.IO.File.WriteAllTextAsync(_folder.File("taken"), "", TestContext.Current.CancellationToken);

        var table = new SqliteMembershipTable(System.IO.Path.Combine(_folder.File("taken"), "membership.db"), "test");

        await Assert.ThrowsAsync<ClusteringException>(() => table.InitializeMembershipTable(true));
    }

    [Fact]
    public async Task A_silo_that_starts_declares_those_dead_whose_process_has_ended()
    {
        var (ended, running, unknown) = (NewEntry(SiloStatus.Active), NewEntry(SiloStatus.Active), NewEntry(SiloStatus.Active));
        using var first = NewTable(ended.SiloAddress);
        using var second = NewTable(running.SiloAddress);
        await first.InitializeMembershipTable(true);
        await second.InitializeMembershipTable(true);
        foreach (var entry in new[] { ended, running, unknown })
            Assert.True(await first.Insert(entry));

        EndProcessOf(first, ended.SiloAddress);
        var judge = NewAddress();
        using var third = NewTable(judge);
        await third.InitializeMembershipTable(true);

        var data = await third.ReadAll();
        Assert.Equal(4, data.Version.Version);
        var dead = Assert.Single(data.Members, member => member.Item1.Status == SiloStatus.Dead).Item1;
        Assert.Equal(ended.SiloAddress, dead.SiloAddress);
        Assert.Equal(judge, Assert.Single(dead.SuspectTimes!).Item1);

        // The next one has nothing left to say, and tidies up.
        using var fourth = NewTable(NewAddress());
        await fourth.InitializeMembershipTable(true);
        Assert.Equal(data.Version, (await fourth.ReadAll()).Version);
        Assert.Equal(3, Directory.GetFiles(File + "-silos").Length);
    }

    /// <summary>What the kernel does for a killed process: the lock is gone, and the file stays.</summary>
    private void EndProcessOf(SqliteMembershipTable table, SiloAddress silo)
    {
        var name = System.IO.Path.Combine(File + "-silos", silo.ToParsableString().Replace(':', '_'));
        table.Dispose();
        System.IO.File.WriteAllText(name, "");
    }

    private SqliteMembershipTable NewTable(SiloAddress? silo = null) => new(File, "test", silo);

    private async Task AssertRefused(string reason)
    {
        var error = await Assert.ThrowsAsync<ClusteringException>(() => NewTable().InitializeMembershipTable(true));
        Assert.Contains(reason, error.Message);
        Assert.Contains(File, error.Message);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
