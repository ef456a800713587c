using System.Text.Json.Nodes;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg;
using Checkpointing.Protocol.Tests.KooToueg.Rollback;
using Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

namespace Checkpointing.Protocol.Tests.Scenarios;

/// <summary>The rows of koo-toueg-rollback.json, played on the reference.</summary>
public sealed class RollbackScenarioTests
{
    private const int StepLimit = 500;

    private static readonly Row[] Rows = Scenario.Read<Row>("koo-toueg-rollback.json");

    public static TheoryData<string> Ids => [.. Rows.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public void Algorithm_R_does_what_the_row_says(string id)
    {
        var row = Rows.Single(row => row.Id == id);
        Scenario.AssertExpected($"{row.Id} ({row.Note})", row.Expect, Play(row, Rules.Literal));
    }

    /// <summary>Trap T10, row by row: what happens if ⊤ stands for "nothing was sent".</summary>
    [Theory]
    [MemberData(nameof(Ids))]
    public void Top_for_nothing_sent_does_what_the_row_says(string id)
    {
        var row = Rows.Single(row => row.Id == id);
        Scenario.AssertExpected($"{row.Id} with ⊤ ({row.Note})", row.IfEmptyWereTop, Play(row, RollbackMutantRules.EmptyLastLabelSentIsTop));
    }

    private static JsonObject Play(Row row, Rules rules)
    {
        var trace = TraceParser.Parse([.. row.Given.Procs.Select(name => new ProcessName(name))], row.Given.Trace);
        var system = new KooTouegSystem(trace.Processes, isFifo: true, rules);
        foreach (var happening in trace.Events)
        {
            Perform(row, system, happening);
        }

        var before = system.Trace;
        var seenBefore = system.Observations.All.Count;
        system.StartRollback(new ProcessName(row.Rollback), (row.Unwilling ?? []).Select(name => new ProcessName(name)));
        DeliverAll(row, system);
        return Describe(system, before, system.Observations.Since(seenBefore));
    }

    private static void Perform(Row row, KooTouegSystem system, TraceEvent happening)
    {
        switch (happening)
        {
            case SendEvent send:
                system.Send(send.Message);
                break;
            case ReceiveEvent receipt:
                system.Receive(receipt);
                break;
            default:
                system.StartRound(happening.Process, []);
                DeliverAll(row, system);
                Assert.True(system.Daemon.Committed, $"{row.Id}: round '{happening}' of the history did not commit");
                break;
        }
    }

    private static void DeliverAll(Row row, KooTouegSystem system)
    {
        for (var step = 0; system.Network.InFlight.Count > 0; step++)
        {
            Assert.True(step < StepLimit, $"{row.Id}: it does not end");
            system.Deliver(system.Network.Take(0));
        }
    }

    private static JsonObject Describe(KooTouegSystem system, Trace before, IReadOnlyList<Observation> seen)
    {
        var after = system.CurrentStates;
        var cut = CutClassification.Of(before, Cut.Of(before, after));
        var everReceived = before.Events.OfType<ReceiveEvent>().Select(receipt => receipt.Message).ToHashSet();
        return new JsonObject
        {
            ["decision"] = system.RollbackDaemon.RollsBack switch { true => "roll back", false => "resume", null => "none" },
            ["rollsBack"] = Names(seen.OfType<RolledBack>().Select(rolledBack => rolledBack.Process.Text)),
            ["tree"] = new JsonObject(seen.OfType<Prepared>()
                .Where(prepared => prepared.Parent != Daemon.Id)
                .Select(prepared => KeyValuePair.Create(prepared.Process.Text, (JsonNode?)prepared.Parent.Text))),
            ["asked"] = Names(seen.OfType<AskedToPrepare>().Where(asked => asked.Asker != Daemon.Id).Select(asked => $"{asked.Asker}?{asked.Process}")),
            ["orphans"] = Names(cut.Orphans.Select(message => message.Name.Text)),
            ["inTransitAfter"] = Names(cut.InTransit.Select(message => message.Name.Text)),
            ["lost"] = Names(cut.InTransit.Where(message => everReceived.Contains(message.Name)).Select(message => message.Name.Text)),
        };
    }

    private static JsonArray Names(IEnumerable<string> names) => new([.. names.Select(name => (JsonNode)name)]);

    private sealed record Row(
        string Id, KooTouegScenario.History Given, string Rollback, JsonObject Expect, JsonObject IfEmptyWereTop, string Note, string[]? Unwilling = null);
}
