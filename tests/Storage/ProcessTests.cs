using Microsoft.Data.Sqlite;

namespace Checkpointing.Storage.Tests;

/// <summary>
/// Several silo processes on one file. SIGKILL shows that a dead process loses nothing that it acknowledged; it does
/// not show what a power cut would: the system's cache survives.
/// </summary>
public sealed class ProcessTests
{
    private const int RecordsPerWriter = 8;

    [Fact]
    public async Task Two_processes_write_to_one_file_and_every_write_is_there()
    {
        const int writes = 40;
        using var directory = new TemporaryDirectory();
        var path = directory.File("shared.db");
        using var p = new WriterProcess(path, "p", writes);
        using var q = new WriterProcess(path, "q", writes);
        await Task.WhenAll(
            p.ReadAcknowledgements(int.MaxValue, TestContext.Current.CancellationToken),
            q.ReadAcknowledgements(int.MaxValue, TestContext.Current.CancellationToken));

        Assert.Equal((0, ""), await p.WaitForExit(TestContext.Current.CancellationToken));
        Assert.Equal((0, ""), await q.WaitForExit(TestContext.Current.CancellationToken));
        Assert.Equal((RecordsPerWriter * writes, RecordsPerWriter * writes), (p.Acknowledgements, q.Acknowledgements));
        await EveryAcknowledgedWriteIsThere(path, p, q);
    }

    [Fact]
    public async Task A_process_killed_while_it_writes_loses_no_acknowledged_write_and_does_not_stop_the_other()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("shared.db");
        using var victim = new WriterProcess(path, "victim", int.MaxValue);
        using var survivor = new WriterProcess(path, "survivor", int.MaxValue);
        await Task.WhenAll(
            victim.ReadAcknowledgements(150, TestContext.Current.CancellationToken),
            survivor.ReadAcknowledgements(50, TestContext.Current.CancellationToken));

        victim.Kill();
        await victim.ReadAcknowledgements(int.MaxValue, TestContext.Current.CancellationToken); // what was in the pipe
        await survivor.ReadAcknowledgements(survivor.Acknowledgements + 100, TestContext.Current.CancellationToken);
        survivor.Kill();
        await survivor.ReadAcknowledgements(int.MaxValue, TestContext.Current.CancellationToken);

        Assert.NotEqual(0, (await victim.WaitForExit(TestContext.Current.CancellationToken)).ExitCode);
        Assert.True(survivor.Acknowledgements >= 150);
        await EveryAcknowledgedWriteIsThere(path, victim, survivor);
    }

    private static async Task EveryAcknowledgedWriteIsThere(string path, params WriterProcess[] writers)
    {
        await using (var sqlite = SqliteTestStorage.WithProviders(path, ("shared", null)))
        {
            foreach (var (record, last) in writers.SelectMany(writer => writer.Acknowledged))
            {
                var held = new GrainState<string>();
                await sqlite.Named("shared").ReadStateAsync("state", GrainId.Create("writer", record), held, TestContext.Current.CancellationToken);
                var version = int.Parse(held.State!, System.Globalization.CultureInfo.InvariantCulture);

                // One more may have become durable without being acknowledged.
                Assert.InRange(version, last.Version, last.Version + 1);
                if (version == last.Version)
                    Assert.Equal(last.ETag, held.ETag);
            }
        }

        Assert.Equal(writers.Length * RecordsPerWriter, writers.Sum(writer => writer.Acknowledged.Count));
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        using var check = connection.CreateCommand();
        check.CommandText = "PRAGMA integrity_check";
        Assert.Equal("ok", await check.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }
}
