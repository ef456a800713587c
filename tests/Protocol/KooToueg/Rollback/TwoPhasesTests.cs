using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>
/// Theorem S11.1: an algorithm that survives failures cannot take only permanent checkpoints. The situation of the proof: p and q have
/// exchanged messages since their checkpoints, so each can checkpoint only together with the other. One of them fails after every number
/// of delivered control messages in turn, comes back, and rolls back.
/// </summary>
public sealed class TwoPhasesTests
{
    private static readonly ImmutableArray<ProcessName> Processes = [new("p"), new("q"), new("r")];

    private static readonly Trace History = TraceParser.Parse(
        Processes, ["p->q:a", "q<-a", "q->p:b", "p<-b", "q->r:c", "r<-c", "r->p:d", "p<-d"]);

    [Fact]
    public void With_two_phases_no_failure_leaves_one_member_permanent_and_another_not()
    {
        var ends = Ends(Rules.Literal).ToList();
        Assert.All(ends, end => Assert.True(end.Members.Count == 0 || end.Members.Count == Processes.Length, $"{end.When}: only {string.Join(", ", end.Members)} permanent"));
        Assert.All(ends, end => Assert.True(end.IsConsistent, $"{end.When}: inconsistent after recovery"));
        Report.Write($"{ends.Count} failures: {ends.Count(end => end.Members.Count == 0)} undo the round, {ends.Count(end => end.Members.Count > 0)} do not");
        Assert.Contains(ends, end => end.Members.Count == 0);
        Assert.Contains(ends, end => end.Members.Count > 0);
    }

    [Fact]
    public void With_only_permanent_checkpoints_a_failure_leaves_one_without_the_other()
    {
        var split = Ends(RollbackMutantRules.OnlyPermanentCheckpoints).Where(end => end.Members.Count is > 0 and < 3).ToList();
        Report.Write(string.Join("; ", split.Select(end => $"{end.When}: only {string.Join(", ", end.Members)}")));
        Assert.Contains(split, end => !end.IsConsistent);
    }

    /// <summary>After each failure and recovery: whose checkpoint of the round is permanent, and whether the permanent checkpoints fit together.</summary>
    private static IEnumerable<(string When, List<ProcessName> Members, bool IsConsistent)> Ends(Rules rules)
    {
        foreach (var victim in Processes)
        {
            for (var step = 0; ; step++)
            {
                var system = Start(rules);
                for (var delivered = 0; delivered < step && system.Network.InFlight.Count > 0; delivered++)
                {
                    system.Deliver(system.Network.Take(0));
                }

                if (system.Network.InFlight.Count == 0)
                {
                    break;
                }

                system.Fail(victim);
                DeliverAll(system);
                system.Restart(victim);
                DeliverAll(system);
                system.StartRollback(victim, []);
                DeliverAll(system);
                var members = Processes.Where(process => system.PermanentCheckpoints[process] > 0).ToList();
                yield return ($"{victim} fails after {step} messages", members, CutClassification.Of(History, Cut.Of(History, system.PermanentCheckpoints)).IsConsistent);
            }
        }
    }

    private static KooTouegSystem Start(Rules rules)
    {
        var system = new KooTouegSystem(Processes, isFifo: true, rules);
        foreach (var happening in History.Events)
        {
            if (happening is SendEvent send)
            {
                system.Send(send.Message);
            }
            else
            {
                system.Receive((ReceiveEvent)happening);
            }
        }

        system.StartRound(Processes[0], []);
        return system;
    }

    private static void DeliverAll(KooTouegSystem system)
    {
        while (system.Network.InFlight.Count > 0)
        {
            system.Deliver(system.Network.Take(0));
        }
    }
}
