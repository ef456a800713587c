using System.Text.Json.Nodes;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.Scenarios;

/// <summary>The rows of consistency.json: what a cut leaves open.</summary>
public sealed class ConsistencyScenarioTests
{
    private static readonly Row[] Rows = Scenario.Read<Row>("consistency.json");

    public static TheoryData<string> Ids => [.. Rows.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Cut_is_classified_as_the_row_says(string id)
    {
        var row = Rows.Single(row => row.Id == id);
        var document = Assert.IsType<TraceDocument>(CutDocumentParser.Parse(row.Given.ToJsonString()));
        var cut = CutClassification.Of(document.Trace, document.Cut);
        var actual = new JsonObject
        {
            ["consistent"] = cut.IsConsistent,
            ["orphans"] = new JsonArray([.. cut.Orphans.Select(message => (JsonNode)message.Name.Text)]),
            ["inTransit"] = new JsonArray([.. cut.InTransit.Select(message => (JsonNode)message.Name.Text)]),
        };
        Scenario.AssertExpected($"{row.Id} ({row.Note})", row.Expect, actual);
    }

    [Theory]
    [MemberData(nameof(Ids))]
    public void Verify_names_the_orphans_of_the_row(string id)
    {
        var row = Rows.Single(row => row.Id == id);
        var result = CutVerification.Verify(row.Given.ToJsonString());
        var expected = row.Expect["consistent"]!.GetValue<bool>() ? CutVerdict.Consistent : CutVerdict.Inconsistent;
        Assert.True(result.Verdict == expected, $"{row.Id} ({row.Note}): {result.Verdict}, expected {expected}");
        foreach (var orphan in row.Expect["orphans"]!.AsArray())
        {
            Assert.Contains(result.Lines, line => line.StartsWith($"Orphan: {orphan} (", StringComparison.Ordinal));
        }
    }

    private sealed record Row(string Id, JsonObject Given, JsonObject Expect, string Note);
}
