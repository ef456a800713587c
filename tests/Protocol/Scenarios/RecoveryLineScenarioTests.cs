using System.Text.Json.Nodes;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.Scenarios;

/// <summary>The rows of recovery-line.json: how far back everybody goes after a failure, with uncoordinated checkpoints and lost calls.</summary>
public sealed class RecoveryLineScenarioTests
{
    private static readonly Row[] Rows = Scenario.Read<Row>("recovery-line.json");

    public static TheoryData<string> Ids => [.. Rows.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Recovery_line_is_the_one_of_the_row(string id)
    {
        var row = Rows.Single(row => row.Id == id);
        var trace = TraceParser.Parse([.. row.Given.Procs.Select(name => new ProcessName(name))], row.Given.Trace);
        var histories = LocalHistory.AllOf(trace);
        var failed = row.Failed.Select(name => new ProcessName(name)).ToHashSet();
        var line = RecoveryLine.Of(new Failure
        {
            Histories = histories,
            Failed = [.. failed],
            AwaitedCalls = [.. Messages(row.AwaitedCalls)],
            LostCalls = [.. Messages(row.LostCalls)],
        });
        var naive = Cut.Of(trace, histories.Select(history => KeyValuePair.Create(history.Process, failed.Contains(history.Process) ? history.Checkpoints[^1] : history.Events.Length)));
        var after = CutClassification.Of(trace, Cut.Of(trace, line.Kept));
        var actual = new JsonObject
        {
            ["naiveOrphans"] = Names(CutClassification.Of(trace, naive).Orphans),
            ["recoveryLine"] = new JsonObject(trace.Processes.Select(process => KeyValuePair.Create(process.Text, (JsonNode?)Position(line, process)))),
            ["inTransitAfter"] = Names(after.InTransit),
            ["because"] = new JsonObject(line.GoingBack.Values.Select(back => KeyValuePair.Create(back.Process.Text, (JsonNode?)back.Reason.ToString()))),
        };
        Scenario.AssertExpected($"{row.Id} ({row.Note})", row.Expect, actual);
        Assert.True(after.IsConsistent, $"{row.Id}: orphans {string.Join(", ", after.Orphans)}");
    }

    private static string Position(RecoveryLine line, ProcessName process)
        => line.GoingBack.TryGetValue(process, out var back) ? $"C{process}{back.Checkpoint}" : "current";

    private static IEnumerable<MessageName> Messages(string[]? names) => (names ?? []).Select(name => new MessageName(name));

    private static JsonArray Names(IEnumerable<TraceMessage> messages) => new([.. messages.Select(message => (JsonNode)message.Name.Text)]);

    private sealed record Row(string Id, KooTouegScenario.History Given, string[] Failed, JsonObject Expect, string Note, string[]? AwaitedCalls = null, string[]? LostCalls = null);
}
