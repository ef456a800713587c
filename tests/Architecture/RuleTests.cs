using System.Text.RegularExpressions;

namespace Checkpointing.Architecture.Tests;

/// <summary>Whoever meets a number in a comment finds out what it means.</summary>
public sealed partial class RuleTests
{
    /// <summary>Numbers that comments cite, each with one file that does. CP-1 and so on are looked after by <see cref="SourceTests"/>.</summary>
    private static readonly Dictionary<string, string> Cited = Repository.Sources("src", "tests", "bench", "silo-host")
        .Where(file => Path.GetFileName(file) != $"{nameof(RuleTests)}.cs")
        .SelectMany(file => NumbersIn(file).Select(number => (Number: number, File: Repository.Relative(file))))
        .GroupBy(citation => citation.Number, citation => citation.File)
        .ToDictionary(citations => citations.Key, citations => citations.First());

    private static readonly string[] Explained = [.. Repository.FirstColumn("docs/rules.md")];

    [Fact]
    public void Every_number_that_a_comment_cites_is_explained()
    {
        Assert.True(Cited.Count > 50, "The comments are not found.");
        string[] explained = [.. Explained, .. Repository.FirstColumn("docs/scenarios.md")];
        Assert.DoesNotContain(Cited, citation => !explained.Contains(citation.Key));
    }

    [Fact]
    public void No_number_is_explained_that_nobody_cites() => Assert.Empty(Explained.Except(Cited.Keys));

    [Fact]
    public void The_numbers_are_sorted() => Assert.Equal(Explained.OrderBy(SortKey, StringComparer.Ordinal), Explained);

    [Theory]
    [InlineData("var x = K1; // SPEC K4, K6 and L11.3", "K4 K6 L11.3")]
    [InlineData("/// <summary>Rounds over busy grains (SPEC K17–K19); trap T2, P-C4.</summary>", "K17 K18 K19 T2 P-C4")]
    [InlineData("/// CP-3 and S39_a_test of UTF8 are none.", "")]
    public void Numbers_are_found_in_comments(string line, string numbers) => Assert.Equal(numbers, string.Join(' ', NumbersInLine(line)));

    private static IEnumerable<string> NumbersIn(string file) => File.ReadLines(file).SelectMany(NumbersInLine);

    private static IEnumerable<string> NumbersInLine(string line)
    {
        var comment = line.IndexOf("//", StringComparison.Ordinal);
        return comment < 0 ? [] : Number().Matches(line[comment..]).SelectMany(Expand);
    }

    /// <summary>K17–K19 cites K18 too.</summary>
    private static IEnumerable<string> Expand(Match match) =>
        match.Groups["last"] is { Success: true } last
            ? Enumerable.Range(Parse(match.Groups["number"]), Parse(last) - Parse(match.Groups["number"]) + 1).Select(number => $"{match.Groups["letter"]}{number}")
            : [match.Value];

    private static int Parse(Capture digits) => int.Parse(digits.Value, System.Globalization.CultureInfo.InvariantCulture);

    private static string SortKey(string number) => Digits().Replace(number, digits => digits.Value.PadLeft(4, '0'));

    [GeneratedRegex(@"\b(?<letter>[A-Z])(?<number>\d+)[–-]\k<letter>(?<last>\d+)\b|\bP-[A-Z]\d+\b|\b[A-Z]\d+(?:\.\d+)?\b")]
    private static partial Regex Number();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
