using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--no-such-option", "--no-such-option")]
    [InlineData("--port 70000", "--http-port")]
    [InlineData("--port many", "many")]
    [InlineData("--urls http://0.0.0.0:5080", "loopback")]
    [InlineData("--urls nonsense", "loopback")]
    [InlineData("--urls http://127.0.0.1:5080/x", "without a path")]
    [InlineData("--urls http://localhost:0", "with a port")]
    [InlineData("--data ", "--data must name a folder")]
    [InlineData("--detection-seconds NaN", "--detection-seconds")]
    [InlineData("--checkpoint-interval -1", "--checkpoint-interval")]
    [InlineData("--checkpoint-interval often", "often")]
    [InlineData("--clustering zookeeper", "zookeeper")]
    [InlineData("--clustering redis", "--connection")]
    [InlineData("--clustering postgres", "--connection")]
    [InlineData("--connection 127.0.0.1:6379", "--clustering")]
    [InlineData("--detection-seconds 0", "--detection-seconds")]
    [InlineData("--clustering redis --connection 127.0.0.1:1 --data {folder}", "127.0.0.1:1")]
    [InlineData("--clustering postgres --connection Host=127.0.0.1;Port=1 --data {folder}", "127.0.0.1:1")]
    [InlineData("--clustering postgres --connection nonsense --data {folder}", "--connection")]
    [InlineData("verify", "FILE")]
    [InlineData("demo --accounts 1", "--accounts")]
    [InlineData("demo --silos 0", "--silos")]
    [InlineData("demo --kills -1", "--kills")]
    [InlineData("demo --seed x", "x")]
    [InlineData("demo --seconds 3 --kills 3", "--seconds must be at least 8")]
    [InlineData("demo --seconds 0", "--seconds")]
    [InlineData("demo --groups 17", "--groups")]
    [InlineData("demo --groups 16 --accounts 31", "--accounts must be at least 32")]
    [InlineData("demo --kills 3 --cluster-kills 4", "--cluster-kills")]
    [InlineData("demo --cluster-kills -1", "--cluster-kills")]
    [InlineData("demo --silos 1 --kills 3 --cluster-kills 2", "--cluster-kills")]
    [InlineData("demo --rolling-restart --silos 1", "--silos")]
    [InlineData("demo --rolling-restart --kills 2", "--rolling-restart")]
    [InlineData("demo --detection-seconds 1", "--detection-seconds")]
    [InlineData("demo --detection-seconds NaN", "--detection-seconds")]
    [InlineData("demo --data .", "not empty")]
    [InlineData("demo --data ", "--data must name a folder")]
    [InlineData("no-such-command", "no-such-command")]
    public async Task Bad_arguments_are_exit_code_2_with_the_reason(string arguments, string reason)
    {
        using var folder = new TemporaryFolder();
        var outcome = await SiloHostProgram.Run(arguments.Replace("{folder}", folder.Path, StringComparison.Ordinal).Split(' '));

        Assert.True(outcome.ExitCode == 2, outcome.ToString());
        Assert.Contains(reason, outcome.Error);
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public async Task A_membership_file_of_another_application_is_exit_code_2()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("membership.db"), new string('x', 5000), TestContext.Current.CancellationToken);

        var outcome = await SiloHostProgram.Run(["--data", folder.Path]);

        Assert.True(outcome.ExitCode == 2, outcome.ToString());
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.Contains("membership.db", outcome.Error);
    }

    [Fact]
    public async Task Help_names_the_commands()
    {
        var outcome = await SiloHostProgram.Run(["--help"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("demo", outcome.Output);
        Assert.Contains("verify", outcome.Output);
    }

    [Fact]
    public async Task Help_of_the_demo_names_its_faults()
    {
        var outcome = await SiloHostProgram.Run(["demo", "--help"]);

        Assert.Equal(0, outcome.ExitCode);
        foreach (var option in (string[])["--kills", "--cluster-kills", "--rolling-restart", "--groups", "--detection-seconds"])
            Assert.Contains(option, outcome.Output);
    }
}
