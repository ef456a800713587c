using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Checkpointing.SiloHost.Demo.Silos;
using Checkpointing.SiloHost.Tests.Kit;
using Npgsql;

namespace Checkpointing.SiloHost.Tests.Membership;

/// <summary>A Redis or PostgreSQL server of the test's own, on the loopback interface. Where it is not installed, the test is skipped.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly string _port = FreePorts.Find(1)[0].ToString(CultureInfo.InvariantCulture);
    private Process? _process;

    private ServerProcess()
    {
    }

    /// <summary>What <c>--connection</c> takes.</summary>
    public string Connection { get; private set; } = "";

    public static async Task<ServerProcess> StartRedis()
    {
        var program = Find("redis-server", ["/usr/bin"]);
        var server = new ServerProcess();
        server.Connection = $"127.0.0.1:{server._port}";
        return await server.Run(program, ["--port", server._port, "--bind", "127.0.0.1", "--save", "", "--dir", server._folder.Path], async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", int.Parse(server._port, CultureInfo.InvariantCulture));
        });
    }

    public static async Task<ServerProcess> StartPostgres()
    {
        string[] places = Directory.Exists("/usr/lib/postgresql")
            ? [.. Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin"))]
            : [];
        var (initdb, postgres) = (Find("initdb", places), Find("postgres", places));
        var server = new ServerProcess();
        server.Connection = $"Host=127.0.0.1;Port={server._port};Database=postgres;Username=silo";
        if (Environment.IsPrivilegedProcess)
            await Complete(Start("chown", ["postgres", server._folder.Path]));

        var data = server._folder.File("data");
        await Complete(StartUnprivileged(initdb, ["-D", data, "-U", "silo", "-A", "trust", "--no-sync"]));
        return await server.Run(
            postgres,
            ["-D", data, "-p", server._port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"],
            async () =>
            {
                await using var client = new NpgsqlConnection(server.Connection);
                await client.OpenAsync();
            },
            unprivileged: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            // SIGINT: both stop at once, with the processes that they have started.
            await Complete(Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]));
            await process.WaitForExitAsync().WaitAsync(Longest);
        }

        _process?.Dispose();
        _folder.Dispose();
    }

    private static string Find(string program, string[] places)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Concat(places)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, $"{program} is not installed; scripts/install-test-tools installs it where it may.");
        return found!;
    }

    /// <summary>PostgreSQL does not run as root.</summary>
    private static Process StartUnprivileged(string program, string[] arguments) => Environment.IsPrivilegedProcess
        ? Start("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, .. arguments])
        : Start(program, arguments);

    private static Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task Complete(Process process)
    {
        using (process)
        {
            await process.WaitForExitAsync().WaitAsync(Longest);
            Assert.True(process.ExitCode == 0, $"{process.StartInfo.FileName} ended with {process.ExitCode}.");
        }
    }

    private async Task<ServerProcess> Run(string program, string[] arguments, Func<Task> connect, bool unprivileged = false)
    {
        _process = unprivileged ? StartUnprivileged(program, arguments) : Start(program, arguments);
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            try
            {
                await connect();
                return this;
            }
            catch (Exception error) when (error is SocketException or NpgsqlException && watch.Elapsed < Longest && !_process.HasExited)
            {
                // Not yet.
            }
            catch
            {
                await DisposeAsync();
                throw;
            }
        }
    }
}
