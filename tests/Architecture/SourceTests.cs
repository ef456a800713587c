using System.Text.RegularExpressions;

namespace Checkpointing.Architecture.Tests;

/// <summary>What the sources themselves must keep.</summary>
public sealed partial class SourceTests
{
    private const int LongestFile = 400;

    private static IEnumerable<string> Tests => Repository.Sources("tests").Where(file => !Repository.Relative(file).StartsWith("tests/Architecture/", StringComparison.Ordinal));

    [Fact]
    public void No_source_file_is_too_long()
    {
        var files = Repository.Sources("src", "tests", "bench", "silo-host").Select(file => (Name: Repository.Relative(file), Lines: File.ReadLines(file).Count()));
        Assert.DoesNotContain(files, file => file.Lines > LongestFile);
    }

    [Fact]
    public void Every_rule_of_the_algorithms_is_named_by_a_test()
    {
        var rules = RulesIn(Repository.Sources("src"));
        Assert.NotEmpty(rules);
        Assert.Empty(rules.Except(RulesIn(Tests)));
    }

    [Fact]
    public void Tests_name_only_rules_that_exist() =>
        Assert.Empty(RulesIn(Tests).Except(RulesIn(Repository.Sources("src"))));

    [Fact]
    public void Every_rule_of_the_algorithms_is_explained()
    {
        foreach (var page in (string[])["docs/protocol/checkpoint.md", "docs/protocol/rollback.md"])
        {
            var explained = File.ReadLines(Path.Combine(Repository.Root, page)).Where(line => line.StartsWith("- **", StringComparison.Ordinal)).SelectMany(line => Rule().Matches(line).Take(1)).Select(rule => rule.Value).ToArray();
            Assert.Equal(RulesIn(Repository.Sources("src")).Where(rule => rule.StartsWith(explained[0][..3], StringComparison.Ordinal)).Order(), explained.Order());
        }
    }

    private static HashSet<string> RulesIn(IEnumerable<string> files) =>
        [.. files.SelectMany(file => Rule().Matches(File.ReadAllText(file))).Select(match => match.Value)];

    [GeneratedRegex(@"\b(?:CP|RB)-\d+\b")]
    private static partial Regex Rule();
}
