namespace Checkpointing.SiloHost.Clustering.Sqlite;

/// <summary>
/// Orleans' membership table in a file that the silo processes of one machine share. Versions and rows have ETags; a write that has not seen the current ones
/// is refused.
/// </summary>
/// <remarks>
/// A silo that starts declares those members dead whose processes have ended (<see cref="SiloProcesses"/>). When a whole
/// cluster was killed and comes back on other ports, Orleans by itself would ping the dead until their signs of life are stale, and start no sooner.
/// </remarks>
/// <param name="path">The file.</param>
/// <param name="clusterId">The cluster; a file can hold the tables of several.</param>
/// <param name="localSilo">The silo of this process; null: a reader, or a test.</param>
internal sealed class SqliteMembershipTable(string path, string clusterId, SiloAddress? localSilo = null) : IMembershipTable, IDisposable
{
    private readonly MembershipDatabase _database = new(path);
    private readonly SiloProcesses _processes = new(System.IO.Path.GetFullPath(path) + "-silos");
    private FileStream? _held;

    public Task InitializeMembershipTable(bool tryInitTableVersion) => Task.Run(() =>
    {
        _database.Prepare();
        _database.Write(table =>
        {
            if (tryInitTableVersion)
                table.CreateVersion(clusterId);

            if (localSilo is not null)
                DeclareEndedProcessesDead(table, localSilo);

            return true;
        });
    });

    public Task DeleteMembershipTableEntries(string clusterId) => Write(table =>
    {
        table.DeleteAll(clusterId);
        return true;
    });

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => Write(table =>
    {
        table.DeleteDefunct(clusterId, beforeDate.UtcDateTime);
        return true;
    });

    public Task<MembershipTableData> ReadRow(SiloAddress key) =>
        Task.Run(() => _database.Read(table => new MembershipTableData(table.ReadEntries(clusterId, key), table.ReadVersion(clusterId))));

    public Task<MembershipTableData> ReadAll() =>
        Task.Run(() => _database.Read(table => new MembershipTableData(table.ReadEntries(clusterId), table.ReadVersion(clusterId))));

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => Write(table =>
    {
        if (table.ReadETag(clusterId, entry.SiloAddress) is not null || !table.TryAdvance(clusterId, tableVersion))
            return false;

        table.Put(clusterId, entry);
        return true;
    });

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => Write(table =>
    {
        if (table.ReadETag(clusterId, entry.SiloAddress) is not { } stored || stored != etag || !table.TryAdvance(clusterId, tableVersion))
            return false;

        table.Put(clusterId, entry);
        return true;
    });

    public Task UpdateIAmAlive(MembershipEntry entry) => Write(table =>
    {
        table.SetIAmAliveTime(clusterId, entry.SiloAddress, entry.IAmAliveTime);
        return true;
    });

    public void Dispose() => _held?.Dispose();

    // SQLite blocks its thread: keep it away from the caller's scheduler.
    private Task<bool> Write(Func<MembershipTransaction, bool> write) => Task.Run(() => _database.Write(write));

    private void DeclareEndedProcessesDead(MembershipTransaction table, SiloAddress judge)
    {
        _held ??= _processes.Hold(judge);
        if (_processes.HasEnded(judge))
            return; // File locks do not work here: nobody can be judged by them.

        var changed = false;
        foreach (var (entry, _) in table.ReadEntries(clusterId))
        {
            if (!_processes.HasEnded(entry.SiloAddress))
                continue;

            if (entry.Status == SiloStatus.Dead)
            {
                // Not earlier: should this transaction fail, the next start must find the file again.
                _processes.Forget(entry.SiloAddress);
                continue;
            }

            entry.Status = SiloStatus.Dead;
            entry.AddSuspector(judge, DateTime.UtcNow);
            table.Put(clusterId, entry);
            changed = true;
        }

        if (changed)
            table.TryAdvance(clusterId, table.ReadVersion(clusterId).Next());
    }
}
