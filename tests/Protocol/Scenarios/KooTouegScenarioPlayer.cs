using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg;

namespace Checkpointing.Protocol.Tests.Scenarios;

/// <summary>Plays a scenario on the reference and reports each round in the terms of the table.</summary>
internal sealed class KooTouegScenarioPlayer
{
    private const string Deliver = "deliver ";
    private const int StepLimit = 500;

    private readonly KooTouegScenario _scenario;
    private readonly KooTouegSystem _system;
    private readonly Queue<TraceEvent> _script;
    private readonly SortedDictionary<string, int> _decisionsReceived = new(StringComparer.Ordinal);

    public KooTouegScenarioPlayer(KooTouegScenario scenario, Rules rules)
    {
        _scenario = scenario;
        IEnumerable<string> inRounds = scenario.Rounds.SelectMany(round => round.Schedule ?? []).Where(step => !step.StartsWith(Deliver, StringComparison.Ordinal));
        var trace = TraceParser.Parse([.. scenario.Given.Procs.Select(name => new ProcessName(name))], [.. scenario.Given.Trace, .. inRounds]);
        _system = new KooTouegSystem(trace.Processes, isFifo: true, rules);
        _script = new Queue<TraceEvent>(trace.Events);
    }

    public void PlayHistory()
    {
        foreach (var _ in _scenario.Given.Trace)
        {
            Perform(_script.Dequeue());
        }
    }

    public JsonObject Play(KooTouegScenario.RoundScript round)
    {
        var before = _system.PermanentCheckpoints;
        var seenBefore = _system.Observations.All.Count;
        _decisionsReceived.Clear();
        _system.StartRound(new ProcessName(round.Initiator), (round.Unwilling ?? []).Select(name => new ProcessName(name)));
        foreach (var step in round.Schedule ?? [])
        {
            if (step.StartsWith(Deliver, StringComparison.Ordinal))
            {
                DeliverMessage(_system.Network.InFlight.ToList().FindIndex(message => message.ToString() == step[Deliver.Length..]), step, round.DeliverDecisionsTwice);
            }
            else
            {
                Perform(_script.Dequeue());
            }
        }

        DeliverTheRest(round.DeliverDecisionsTwice);
        return Describe(before, _system.Observations.Since(seenBefore));
    }

    private void Perform(TraceEvent happening)
    {
        switch (happening)
        {
            case SendEvent send:
                Assert.True(_system.CanSend(send.Message), $"{_scenario}: {send.Process} may not send now");
                _system.Send(send.Message);
                break;
            case ReceiveEvent receipt:
                _system.Receive(receipt);
                break;
            case CommittedRoundEvent round:
                _system.StartRound(round.Process, []);
                DeliverTheRest(decisionsTwice: false);
                Assert.True(_system.Daemon.Committed, $"{_scenario}: round '{round}' of the history did not commit");
                break;
            default:
                Assert.Fail($"{_scenario}: '{happening}' has no meaning here");
                break;
        }
    }

    private void DeliverTheRest(bool decisionsTwice)
    {
        for (var step = 0; _system.Network.InFlight.Count > 0; step++)
        {
            Assert.True(step < StepLimit, $"{_scenario}: the round does not end");
            DeliverMessage(0, "", decisionsTwice);
        }
    }

    private void DeliverMessage(int index, string step, bool decisionsTwice)
    {
        Assert.True(index >= 0, $"{_scenario}: cannot {step}; in flight: {string.Join(", ", _system.Network.InFlight)}");
        var message = _system.Network.Take(index);
        _system.Deliver(message);
        CountDecision(message);
        if (decisionsTwice && message is Decision)
        {
            _system.Deliver(message);
            CountDecision(message);
        }
    }

    private void CountDecision(ControlMessage message)
    {
        if (message is Decision)
        {
            _decisionsReceived[message.To.Text] = _decisionsReceived.GetValueOrDefault(message.To.Text) + 1;
        }
    }

    private JsonObject Describe(ImmutableDictionary<ProcessName, int> before, IReadOnlyList<Observation> seen)
    {
        var after = _system.PermanentCheckpoints;
        var cut = CutClassification.Of(_system.Trace, Cut.Of(_system.Trace, after));
        return new JsonObject
        {
            ["takesCheckpoint"] = Names(seen.OfType<TentativeTaken>().Select(taken => taken.Process.Text)),
            ["tree"] = Fields(seen.OfType<TentativeTaken>().Where(taken => taken.Parent != Daemon.Id), taken => taken.Process, taken => taken.Parent.Text),
            ["asked"] = Names(seen.OfType<Asked>().Where(asked => asked.Asker != Daemon.Id).Select(asked => $"{asked.Asker}?{asked.Process}")),
            ["votes"] = Fields(FirstVotes(seen), vote => vote.Process, vote => vote.Yes ? "yes" : "no"),
            ["decision"] = _system.Daemon.Committed switch { true => "commit", false => "undo", null => "none" },
            ["orphans"] = Names(cut.Orphans.Select(message => message.Name.Text)),
            ["inTransit"] = Names(cut.InTransit.Select(message => message.Name.Text)),
            ["permanentUnchanged"] = Names(after.Where(entry => before[entry.Key] == entry.Value).Select(entry => entry.Key.Text)),
            ["lastLabelReceived"] = Fields(_system.ProcessIds, id => id, id => Labels(_system[id].Bookkeeping.LastLabelReceived)),
            ["firstLabelSent"] = Fields(_system.ProcessIds, id => id, id => Labels(_system[id].Bookkeeping.FirstLabelSent)),
            ["decisionForwards"] = Fields(
                seen.OfType<DecisionForwarded>().GroupBy(forward => forward.Process), forwards => forwards.Key, forwards => Names(forwards.Select(forward => forward.To.Text))),
            ["decisionsReceived"] = Fields(_decisionsReceived, entry => new ProcessName(entry.Key), entry => entry.Value),
        };
    }

    // To a second TAKE a member answers yes at once (trap T6); its vote is the one to its parent.
    private static IEnumerable<Voted> FirstVotes(IReadOnlyList<Observation> seen)
    {
        var parents = seen.OfType<TentativeTaken>().ToDictionary(taken => taken.Process, taken => taken.Parent);
        return seen.OfType<Voted>().Where(vote => !parents.TryGetValue(vote.Process, out var parent) || parent == vote.To).DistinctBy(vote => vote.Process);
    }

    private static JsonArray Names(IEnumerable<string> names) => new([.. names.Select(name => (JsonNode)name)]);

    private static JsonObject Labels(IEnumerable<KeyValuePair<ProcessName, Label>> labels)
        => Fields(labels, entry => entry.Key, entry => JsonNode.Parse(entry.Value.ToString()));

    private static JsonObject Fields<T>(IEnumerable<T> items, Func<T, ProcessName> key, Func<T, JsonNode?> value)
        => new(items.Select(item => KeyValuePair.Create(key(item).Text, value(item))));
}
