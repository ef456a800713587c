using System.Text.RegularExpressions;

namespace Checkpointing.Architecture.Tests;

/// <summary>docs/scenarios.md and the tests say the same.</summary>
public sealed partial class ScenarioTests
{
    /// <summary>Consistency, algorithms C and R, recovery lines; rounds, and failures in rounds; loss of a silo and of all; calls.</summary>
    private static readonly string[] Required = [.. Ids(1, 24), .. Ids(29, 59)];

    private static readonly (string Id, string[] Tests)[] Rows = [.. File.ReadLines(Path.Combine(Repository.Root, "docs/scenarios.md"))
        .Select(line => Row().Match(line))
        .Where(row => row.Success)
        .Select(row => (row.Groups["id"].Value, TestName().Matches(row.Groups["tests"].Value).Select(test => test.Groups["name"].Value).ToArray()))];

    [Fact]
    public void Every_scenario_has_its_row() => Assert.Equal(Required, Rows.Select(row => row.Id));

    [Fact]
    public void Every_row_names_tests_that_exist()
    {
        Assert.DoesNotContain(Rows, row => row.Tests.Length == 0);
        Assert.DoesNotContain(Rows.SelectMany(row => row.Tests), test => !Repository.HasTest(test));
    }

    /// <summary>A test that plays a table plays the row only if the table has it; any other is named after its row, or says in its own words what it shows.</summary>
    [Fact]
    public void Every_row_that_is_played_from_a_table_is_in_it()
    {
        var played = RowsOfTables().ToArray();
        Assert.Equal(Ids(1, 24), played);
        Assert.All(Rows, row => Assert.Equal(played.Contains(row.Id), row.Tests.Any(test => PlaysATable().IsMatch(test))));
    }

    [Fact]
    public void Every_test_that_is_named_after_a_scenario_is_in_its_row()
    {
        var named = Repository.Sources("tests")
            .SelectMany(file => MethodNamedAfterScenario().Matches(File.ReadAllText(file)).Select(method => (Id: method.Groups["id"].Value, Test: $"{Path.GetFileNameWithoutExtension(file)}.{method.Groups["name"].Value}")))
            .ToArray();
        Assert.NotEmpty(named);
        Assert.DoesNotContain(named, method => !Rows.Any(row => row.Id == method.Id && row.Tests.Contains(method.Test)));
    }

    private static IEnumerable<string> RowsOfTables() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests/Protocol/Scenarios"), "*.json")
            .SelectMany(file => IdInTable().Matches(File.ReadAllText(file)).Select(id => id.Groups["id"].Value))
            .Order(StringComparer.Ordinal);

    private static IEnumerable<string> Ids(int first, int last) => Enumerable.Range(first, last - first + 1).Select(number => $"S{number:D2}");

    [GeneratedRegex(@"^\| (?<id>S\d\d) \|.*\| (?<tests>[^|]*) \|$")]
    private static partial Regex Row();

    [GeneratedRegex("_(?:the_row_says|of_the_row)$")]
    private static partial Regex PlaysATable();

    [GeneratedRegex("`(?<name>[^`]+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"""id"": ""(?<id>S\d\d)""")]
    private static partial Regex IdInTable();

    [GeneratedRegex(@"\bpublic (?:async Task|void) (?<name>(?<id>S\d\d)_\w+)\(")]
    private static partial Regex MethodNamedAfterScenario();
}
