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
    [InlineData("--checkpoint-interval -1", "--checkpoint-interval")]
    [InlineData("--checkpoint-interval often", "often")]
    [InlineData("verify", "FILE")]
    [InlineData("demo --accounts 1", "--accounts")]
    [InlineData("demo --silos 0", "--silos")]
    [InlineData("demo --kills -1", "--kills")]
    [InlineData("demo --seed x", "x")]
    [InlineData("demo --seconds 3 --kills 3", "--seconds")]
    [InlineData("demo --data .", "not empty")]
    [InlineData("no-such-command", "no-such-command")]
    public async Task Bad_arguments_are_exit_code_2_with_the_reason(string arguments, string reason)
    {
        var outcome = await SiloHostProgram.Run(arguments.Split(' '));

        Assert.True(outcome.ExitCode == 2, outcome.ToString());
        Assert.Contains(reason, outcome.Error);
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public async Task Help_names_the_commands()
    {
        var outcome = await SiloHostProgram.Run(["--help"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("demo", outcome.Output);
        Assert.Contains("verify", outcome.Output);
    }
}
