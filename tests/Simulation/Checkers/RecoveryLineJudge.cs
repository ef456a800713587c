using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// A second opinion on who has to roll back: the recovery line through the exact histories, with each permanent checkpoint and each lost call.
/// It knows nothing of labels, ledgers and facts.
/// </summary>
internal sealed class RecoveryLineJudge(SimulatedCluster cluster)
{
    private readonly Dictionary<int, string> _senders = [];

    public int Judged { get; private set; }

    public void OnHappened(int id, CheckpointedActor actor) => _senders[id] = actor.Name;

    /// <summary>S11.3: whoever of the closed set has not been lost meanwhile has to go back by the line too.</summary>
    public void OnDecided(IEnumerable<LifeEnd> lives)
    {
        var line = Line([]);
        foreach (var end in lives)
        {
            var name = end.Life.Participant.ToString();
            if (!cluster.Judges.Rollbacks.IsFirst(end.Life) && cluster.Participants.Exists(actor => actor is { IsDead: false, Host.IsLoaded: true } && actor.Host.Ledger.Life.Equals(end.Life))
                && !line.GoingBack.ContainsKey(new ProcessName(name)))
            {
                cluster.Judges.Report("recovery line", $"{name} rolls back, and by the recovery line it need not: {line}");
            }
        }
    }

    /// <summary>At rest nobody has to go back any more.</summary>
    public void JudgeAtRest() => JudgeAtRest([]);

    /// <param name="goingBack">They will go back, as is known already: nobody else has to, and nobody has to when they have.</param>
    public void JudgeAtRest(HashSet<CheckpointedActor> goingBack)
    {
        var line = Line(goingBack);
        if (!line.GoingBack.IsEmpty)
        {
            cluster.Judges.Report("recovery line", line.ToString());
        }
    }

    /// <summary>Who has to go back if this one does.</summary>
    public HashSet<string> GoingBackWith(CheckpointedActor first) => [.. Line([first]).GoingBack.Keys.Select(process => process.ToString())];

    private RecoveryLine Line(HashSet<CheckpointedActor> first)
    {
        Judged++;
        var live = cluster.Participants.ToDictionary(actor => actor.Name, actor =>
            first.Contains(actor) || actor.IsDead || !actor.Host.IsLoaded || cluster.Judges.Rollbacks.IsFirst(actor.Host.Ledger.Life) ? Permanent(actor.Name) : actor.State);
        var before = live.Keys.ToDictionary(name => name, _ => new List<LocalEvent>());
        var since = live.Keys.ToDictionary(name => name, _ => new List<LocalEvent>());
        foreach (var (receiver, state) in live)
        {
            foreach (var id in state.Received.Except(Permanent(receiver).Received, cluster.EventsOfParticipants))
            {
                // What one relay or read has passed on to several is a message for each of them.
                var message = new MessageName($"m{id} to {receiver}");
                since[receiver].Add(new Received(message));
                AddSend(_senders[id], id, new Sent(message, new ProcessName(receiver)));
            }
        }

        var lost = ImmutableHashSet.CreateBuilder<MessageName>();
        foreach (var call in cluster.Calls.Where(call => call is { LostInTime: true, Caller: { } caller } && live[caller].Happened.Contains(call.Request)))
        {
            var message = new MessageName($"call m{call.Request}");
            lost.Add(message);
            AddSend(call.Caller!, call.Request, new Sent(message, new ProcessName(call.Callee)));
        }

        return RecoveryLine.Of(new Failure
        {
            Histories = [.. live.Keys.Select(name => new LocalHistory(new ProcessName(name), [.. before[name], .. since[name]], [before[name].Count]))],
            LostCalls = lost.ToImmutable(),
        });

        void AddSend(string sender, int id, Sent send)
        {
            if (Permanent(sender).Happened.Contains(id))
            {
                before[sender].Add(send);
            }
            else if (live[sender].Happened.Contains(id))
            {
                since[sender].Add(send);
            }
        }
    }

    private ActorState Permanent(string participant) => cluster.Judges.Permanent.StateOf(participant);
}
