using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

public sealed class VerifyCommandTests : IDisposable
{
    private const string Consistent = """{"procs":["p","q"],"trace":["p->q:m@1","q<-m"],"cut":{"p":1,"q":1}}""";
    private const string Orphan = """{"procs":["p","q"],"trace":["p->q:m@1","q<-m"],"cut":{"p":0,"q":1}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_consistent_cut_is_exit_code_0()
    {
        var outcome = await Verify(Consistent);

        Assert.Equal(0, outcome.ExitCode);
        Assert.StartsWith("Consistent", outcome.Output);
    }

    [Fact]
    public async Task An_orphan_message_is_exit_code_1_and_is_named()
    {
        var outcome = await Verify(Orphan);

        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("Inconsistent", outcome.Output);
        Assert.Contains("Orphan: m (p->q", outcome.Output);
    }

    [Fact]
    public async Task A_cut_is_read_from_standard_input()
    {
        var outcome = await SiloHostProgram.Run(["verify", "-"], """{"vectorClocks":{"p":[1,0],"q":[2,2]}}""");

        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("Inconsistent", outcome.Output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json")]
    [InlineData("{}")]
    [InlineData("""{"procs":["p"],"trace":["p->q:m@1"],"cut":{"p":1}}""")]
    public async Task What_is_no_cut_is_exit_code_2_with_the_reason(string text)
    {
        var outcome = await Verify(text);

        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith("Bad input", outcome.Error);
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public async Task A_missing_file_is_exit_code_2_and_is_named()
    {
        var outcome = await SiloHostProgram.Run(["verify", _folder.File("missing.json")]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("missing.json", outcome.Error);
        Assert.DoesNotContain("   at ", outcome.Error);
    }

    [Fact]
    public async Task A_folder_is_exit_code_2() => Assert.Equal(2, (await SiloHostProgram.Run(["verify", _folder.Path])).ExitCode);

    private async Task<Outcome> Verify(string json)
    {
        await File.WriteAllTextAsync(_folder.File("cut.json"), json, TestContext.Current.CancellationToken);
        return await SiloHostProgram.Run(["verify", _folder.File("cut.json")]);
    }
}
