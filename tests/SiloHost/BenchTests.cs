using System.Reflection;
using System.Text.Json;
using Checkpointing.Bench.Throughput;
using Checkpointing.SiloHost.Tests.Kit;

namespace Checkpointing.SiloHost.Tests;

/// <summary>The bench measures nothing here: it runs, and prints what others read.</summary>
[TestClass(DisableParallelization = true)]
public sealed class BenchTests
{
    private static readonly string Bench = typeof(BenchTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "bench").Value!;

    [Fact]
    public async Task Throughput_prints_its_figures_as_the_last_line_under_the_names_that_readers_know()
    {
        using var folder = new TemporaryFolder();
        var outcome = await SiloHostProgram.Run(
            ["throughput", "--json", "--seconds", "1", "--warm-up", "0.1", "--callers", "4", "--data", folder.Path], program: Bench);

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        using var report = JsonDocument.Parse(outcome.LastLine);
        var modes = report.RootElement.GetProperty("modes");
        Assert.Equal(["none", "writeState", "checkpointingIdle", "checkpointing"], modes.EnumerateObject().Select(mode => mode.Name));
        foreach (var mode in modes.EnumerateObject())
        {
            Assert.True(mode.Value.GetProperty("opsPerSecond").GetDouble() > 0, outcome.LastLine);
            Assert.InRange(mode.Value.GetProperty("p99Ms").GetDouble(), mode.Value.GetProperty("p50Ms").GetDouble(), double.MaxValue);
            Assert.True(mode.Value.GetProperty("ratio").GetDouble() > 0, outcome.LastLine);
        }

        Assert.Equal(1, modes.GetProperty("none").GetProperty("ratio").GetDouble());
        Assert.True(modes.GetProperty("checkpointing").GetProperty("roundsCommitted").GetInt32() > 0, outcome.LastLine);
        Assert.True(modes.GetProperty("checkpointing").GetProperty("roundsAborted").GetInt32() >= 0, outcome.LastLine);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    /// <summary>Figures of a mode that takes rounds mean something only if it did.</summary>
    [Theory]
    [InlineData(1, 0, true)]
    [InlineData(5, 5, true)]
    [InlineData(4, 5, false)]
    [InlineData(0, 0, false)]
    public void At_least_half_of_the_rounds_must_commit(int committed, int aborted, bool isEnough) =>
        Assert.Equal(isEnough, RoundFigures.Sum([new(committed, 0), new(0, aborted)]).MostlyCommitted);

    [Theory]
    [InlineData("throughput --seconds 0", "--seconds")]
    [InlineData("throughput --warm-up -1", "--warm-up")]
    public async Task Bad_arguments_are_exit_code_2_with_the_reason(string arguments, string reason)
    {
        var outcome = await SiloHostProgram.Run(arguments.Split(' '), program: Bench);

        Assert.True(outcome.ExitCode == 2, outcome.ToString());
        Assert.Contains(reason, outcome.Error);
    }
}
