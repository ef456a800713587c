using Checkpointing.SiloHost.Clustering.Sqlite;
using Checkpointing.SiloHost.Tests.Kit;
using static Checkpointing.SiloHost.Tests.Membership.TableRows;

namespace Checkpointing.SiloHost.Tests.Membership;

/// <summary>The contract of <see cref="IMembershipTable"/>, after the rules that Orleans holds its own tables to.</summary>
public sealed class SqliteMembershipTableTests : IAsyncLifetime
{
    private const string Cluster = "test";
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteMembershipTable _table;

    public SqliteMembershipTableTests() => _table = NewTable();

    public async ValueTask InitializeAsync() => await _table.InitializeMembershipTable(true);

    public ValueTask DisposeAsync()
    {
        _table.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_new_table_is_empty_and_has_version_0()
    {
        var data = await _table.ReadAll();

        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
        Assert.NotEmpty(data.Version.VersionEtag);
    }

    [Fact]
    public async Task Initializing_again_changes_nothing()
    {
        await _table.Insert(NewEntry());
        var before = await _table.ReadAll();

        using var second = NewTable();
        await second.InitializeMembershipTable(true);

        Assert.Equal(before.Version, (await second.ReadAll()).Version);
    }

    [Fact]
    public async Task An_inserted_row_comes_back_whole()
    {
        var entry = NewEntry();
        entry.SuspectTimes!.Add(Tuple.Create(NewAddress(), DateTime.UtcNow));
        entry.SuspectTimes!.Add(Tuple.Create(NewAddress(), DateTime.UtcNow.AddSeconds(-1)));
        var before = (await _table.ReadAll()).Version;

        Assert.True(await _table.InsertRow(entry, before.Next()));

        foreach (var data in new[] { await _table.ReadAll(), await _table.ReadRow(entry.SiloAddress) })
        {
            var (stored, etag) = Assert.Single(data.Members);
            Assert.Equal(Describe(entry), Describe(stored));
            Assert.NotEmpty(etag);
            Assert.Equal(1, data.Version.Version);
            Assert.NotEqual(before.VersionEtag, data.Version.VersionEtag);
        }
    }

    [Fact]
    public async Task A_row_that_is_not_there_reads_as_none_with_the_version()
    {
        await _table.Insert(NewEntry());

        var data = await _table.ReadRow(NewAddress());

        Assert.Empty(data.Members);
        Assert.Equal((await _table.ReadAll()).Version, data.Version);
    }

    [Fact]
    public async Task A_second_insert_of_a_silo_is_refused()
    {
        var entry = NewEntry();
        Assert.True(await _table.Insert(entry));
        var before = await _table.ReadAll();

        Assert.False(await _table.Insert(entry));

        await AssertUnchanged(before);
    }

    [Fact]
    public async Task An_insert_under_a_stale_version_is_refused()
    {
        var stale = (await _table.ReadAll()).Version.Next();
        Assert.True(await _table.InsertRow(NewEntry(), stale));
        var before = await _table.ReadAll();

        Assert.False(await _table.InsertRow(NewEntry(), stale));

        await AssertUnchanged(before);
    }

    [Fact]
    public async Task An_update_replaces_the_row_and_both_etags()
    {
        var entry = NewEntry();
        await _table.Insert(entry);
        var before = await _table.ReadAll();
        entry.Status = SiloStatus.Dead;
        entry.SuspectTimes!.Add(Tuple.Create(NewAddress(), DateTime.UtcNow));
        entry.ProxyPort++;

        Assert.True(await _table.UpdateRow(entry, before.Members[0].Item2, before.Version.Next()));

        var after = await _table.ReadAll();
        Assert.Equal(Describe(entry), Describe(after.Members[0].Item1));
        Assert.NotEqual(before.Members[0].Item2, after.Members[0].Item2);
        Assert.Equal(2, after.Version.Version);
        Assert.NotEqual(before.Version.VersionEtag, after.Version.VersionEtag);
    }

    [Fact]
    public async Task An_update_under_a_stale_version_is_refused()
    {
        var entry = NewEntry();
        var stale = (await _table.ReadAll()).Version.Next();
        await _table.InsertRow(entry, stale);
        var before = await _table.ReadAll();

        Assert.False(await _table.UpdateRow(entry, before.Members[0].Item2, stale));

        await AssertUnchanged(before);
    }

    [Fact]
    public async Task An_update_under_a_stale_row_etag_is_refused()
    {
        var entry = NewEntry();
        await _table.Insert(entry);
        var stale = await _table.ETagOf(entry.SiloAddress);
        Assert.True(await _table.UpdateRow(entry, stale, (await _table.ReadAll()).Version.Next()));
        var before = await _table.ReadAll();

        Assert.False(await _table.UpdateRow(entry, stale, before.Version.Next()));

        await AssertUnchanged(before);
    }

    [Fact]
    public async Task An_update_of_a_silo_that_is_not_there_is_refused()
    {
        await _table.Insert(NewEntry());
        var before = await _table.ReadAll();

        Assert.False(await _table.UpdateRow(NewEntry(), before.Members[0].Item2, before.Version.Next()));

        await AssertUnchanged(before);
    }

    [Fact]
    public async Task A_sign_of_life_changes_its_time_only()
    {
        var entry = NewEntry();
        await _table.Insert(entry);
        await _table.Insert(NewEntry());
        var before = await _table.ReadAll();
        var time = DateTime.UtcNow.AddSeconds(5);

        // Orleans gives no more than this.
        await _table.UpdateIAmAlive(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = time });

        var after = await _table.ReadAll();
        entry.IAmAliveTime = time;
        Assert.Equal(Describe(entry), Describe(after.TryGet(entry.SiloAddress)!.Item1));
        Assert.Equal(before.TryGet(entry.SiloAddress)!.Item2, after.TryGet(entry.SiloAddress)!.Item2);
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(1, after.Members.Count(member => member.Item1.IAmAliveTime == time));

        // What was read before it may still be written.
        Assert.True(await _table.UpdateRow(entry, before.TryGet(entry.SiloAddress)!.Item2, before.Version.Next()));
    }

    [Fact]
    public async Task Cleaning_up_removes_old_rows_of_every_status_but_active()
    {
        var old = TimeSpan.FromDays(10);
        var young = NewEntry(SiloStatus.Dead);
        var restarted = NewEntry(SiloStatus.Dead, old);
        restarted.IAmAliveTime = DateTime.UtcNow;
        var oldActive = NewEntry(SiloStatus.Active, old);
        MembershipEntry[] kept = [young, restarted, oldActive];
        foreach (var entry in kept.Concat(Enum.GetValues<SiloStatus>().Except([SiloStatus.Active]).Select(status => NewEntry(status, old))))
            Assert.True(await _table.Insert(entry));

        await _table.CleanupDefunctSiloEntries(DateTimeOffset.UtcNow.AddDays(-7));

        var left = (await _table.ReadAll()).Members.Select(member => member.Item1.SiloAddress);
        Assert.Equal(kept.Select(entry => entry.SiloAddress).ToHashSet(), left.ToHashSet());
    }

    [Fact]
    public async Task Clusters_in_one_file_do_not_see_each_other()
    {
        using var other = NewTable("other");
        await other.InitializeMembershipTable(true);
        var entry = NewEntry(SiloStatus.Dead, TimeSpan.FromDays(10));
        await _table.Insert(entry);
        await other.Insert(entry);
        await other.Insert(NewEntry());

        Assert.Single((await _table.ReadAll()).Members);
        await _table.CleanupDefunctSiloEntries(DateTimeOffset.UtcNow);
        await _table.DeleteMembershipTableEntries(Cluster);
        Assert.Equal(2, (await other.ReadAll()).Members.Count);
        Assert.Equal(2, (await other.ReadAll()).Version.Version);
    }

    [Fact]
    public async Task A_deleted_table_takes_no_writes_until_it_is_initialized_anew()
    {
        await _table.Insert(NewEntry());
        var old = (await _table.ReadAll()).Version.Next();

        await _table.DeleteMembershipTableEntries(Cluster);

        Assert.Empty((await _table.ReadAll()).Members);
        Assert.False(await _table.Insert(NewEntry()));
        await _table.InitializeMembershipTable(true);
        Assert.False(await _table.InsertRow(NewEntry(), old));
        Assert.True(await _table.Insert(NewEntry()));
        Assert.Equal(1, (await _table.ReadAll()).Version.Version);
    }

    [Fact]
    public async Task Of_many_inserts_under_one_version_exactly_one_wins()
    {
        var next = (await _table.ReadAll()).Version.Next();

        var won = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => NewTable().InsertRow(NewEntry(), next)));

        Assert.Single(won, true);
        Assert.Single((await _table.ReadAll()).Members);
    }

    [Fact]
    public async Task Concurrent_updaters_each_win_a_version_of_their_own()
    {
        const int Updaters = 8;
        const int UpdatesEach = 10;
        var entry = NewEntry();
        await _table.Insert(entry);

        var versions = await Task.WhenAll(Enumerable.Range(0, Updaters).Select(_ => TableUpdates.Make(NewTable(), entry.SiloAddress, UpdatesEach)));

        Assert.Equal(Enumerable.Range(2, Updaters * UpdatesEach), versions.SelectMany(won => won).Order());
        Assert.Equal(1 + (Updaters * UpdatesEach), (await _table.ReadAll()).Version.Version);
    }

    [Fact]
    public async Task A_reader_never_sees_a_row_without_its_version()
    {
        var entry = NewEntry();
        entry.ProxyPort = 1;
        await _table.Insert(entry);
        using var writer = NewTable();
        var writing = Task.Run(async () =>
        {
            for (var i = 2; i <= 200; i++)
            {
                var seen = await writer.ReadAll();
                entry.ProxyPort = i;
                Assert.True(await writer.UpdateRow(entry, seen.Members[0].Item2, seen.Version.Next()));
            }
        });

        var reads = 0;
        for (; !writing.IsCompleted; reads++)
        {
            var data = await _table.ReadAll();
            Assert.Equal(data.Version.Version, data.Members[0].Item1.ProxyPort);
        }

        await writing;
        Assert.True(reads > 0);
    }

    private static string Describe(MembershipEntry entry) =>
        $"{entry.SiloAddress} {entry.Status} {entry.HostName} {entry.SiloName} {entry.RoleName} {entry.UpdateZone} {entry.FaultZone} {entry.ProxyPort} "
        + $"{entry.StartTime:O} {entry.IAmAliveTime:O} {string.Join(' ', entry.SuspectTimes!.Select(suspect => $"{suspect.Item1}@{suspect.Item2:O}"))}";

    private SqliteMembershipTable NewTable(string cluster = Cluster) => new(_folder.File("membership.db"), cluster);

    private async Task AssertUnchanged(MembershipTableData before)
    {
        var after = await _table.ReadAll();
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(before.Members.Select(member => (Describe(member.Item1), member.Item2)), after.Members.Select(member => (Describe(member.Item1), member.Item2)));
    }
}
