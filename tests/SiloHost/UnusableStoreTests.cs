using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Checkpointing.SiloHost.Demo.Silos;
using Checkpointing.SiloHost.Tests.Kit;
using Microsoft.Data.Sqlite;

namespace Checkpointing.SiloHost.Tests;

/// <summary>What keeps a silo from starting is one line: what failed, what still holds, what to do.</summary>
public sealed class UnusableStoreTests : IDisposable
{
    private const int BadInput = 2;
    private const int Failure = 1;

    /// <summary>What a store is recognised by.</summary>
    private const string EmptyStore = "CREATE TABLE record (etag TEXT); PRAGMA application_id = 0x436B5074; PRAGMA user_version = 1";

    private readonly TemporaryFolder _folder = new();

    private string Store => _folder.File("checkpoints.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_that_is_no_database_is_one_line_and_stays_as_it_was()
    {
        await File.WriteAllTextAsync(Store, new string('x', 5000), TestContext.Current.CancellationToken);

        await IsRefused("not an SQLite database", "left as it is", "restore this one from a backup");
    }

    [Fact]
    public async Task A_database_of_another_application_is_one_line_and_stays_as_it_was()
    {
        Create("CREATE TABLE theirs (content TEXT)");

        await IsRefused("another application", "left as it is", "file of its own");
    }

    [Fact]
    public async Task A_damaged_database_is_one_line_and_stays_as_it_was()
    {
        // The header is that of a store; what follows is not.
        Create(EmptyStore);
        var bytes = await File.ReadAllBytesAsync(Store, TestContext.Current.CancellationToken);
        Array.Fill(bytes, (byte)'x', 100, bytes.Length - 100);
        await File.WriteAllBytesAsync(Store, bytes, TestContext.Current.CancellationToken);

        await IsRefused("damaged", "left as it is", "restore a backup");
    }

    [Fact]
    public async Task A_read_only_file_is_one_line_and_stays_as_it_was()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Uses Linux file permissions.");
        Create(EmptyStore);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Store, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        await IsRefused("read-only", "left as it is", "Let the silo's user");
    }

    [Fact]
    public async Task A_folder_in_place_of_the_file_is_one_line()
    {
        Directory.CreateDirectory(Store);

        IsOneLine(await Start(), BadInput, "checkpoints.db", "a directory", "Name a file");
    }

    [Fact]
    public async Task A_port_in_use_is_one_line()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        IsOneLine(await Start(port), Failure, port.ToString(CultureInfo.InvariantCulture), "in use", "--silo-port");
    }

    private async Task IsRefused(params string[] reasons)
    {
        var before = await File.ReadAllBytesAsync(Store, TestContext.Current.CancellationToken);

        IsOneLine(await Start(), BadInput, [Store, .. reasons]);
        Assert.Equal(before, await File.ReadAllBytesAsync(Store, TestContext.Current.CancellationToken));
    }

    private Task<Outcome> Start(int? siloPort = null)
    {
        var ports = FreePorts.Find(3).Select(port => port.ToString(CultureInfo.InvariantCulture)).ToArray();
        var used = siloPort?.ToString(CultureInfo.InvariantCulture) ?? ports[0];
        return SiloHostProgram.Run(["--data", _folder.Path, "--silo-port", used, "--gateway-port", ports[1], "--port", ports[2]], mayWriteAnywhere: false);
    }

    private static void IsOneLine(Outcome outcome, int exitCode, params string[] reasons)
    {
        Assert.True(outcome.ExitCode == exitCode, outcome.ToString());
        var line = Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        foreach (var reason in reasons)
            Assert.Contains(reason, line);

        Assert.Empty(outcome.Output);
    }

    private void Create(string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Store, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constant statements reach this.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
