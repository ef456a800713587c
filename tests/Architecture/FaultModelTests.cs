using System.Text.RegularExpressions;

namespace Checkpointing.Architecture.Tests;

/// <summary>docs/fault-model.md names a test for every fault, and each of them exists.</summary>
public sealed partial class FaultModelTests
{
    private static readonly string[][] Rows = [.. File.ReadLines(Path.Combine(Repository.Root, "docs/fault-model.md"))
        .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| fault ", StringComparison.Ordinal))
        .Select(line => TestName().Matches(line[line.LastIndexOf(" | ", StringComparison.Ordinal)..]).Select(test => test.Groups["name"].Value).ToArray())];

    [Fact]
    public void Every_fault_has_a_test()
    {
        Assert.True(Rows.Length > 20, "The faults are not found.");
        Assert.DoesNotContain(Rows, tests => tests.Length == 0);
    }

    [Fact]
    public void Every_test_that_is_named_exists() => Assert.DoesNotContain(Rows.SelectMany(tests => tests), test => !Repository.HasTest(test));

    [GeneratedRegex("`(?<name>[^`]+)`")]
    private static partial Regex TestName();
}
