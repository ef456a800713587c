using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Judges rollbacks on exact sets: nobody rolls back who need not, and in the end no live actor remembers anything undone.</summary>
internal sealed class RollbackJudge(SimulatedCluster cluster)
{
    public int SiloCrashes { get; private set; }

    public int FalseSuspicions { get; private set; }

    public int Decided { get; private set; }

    public int RolledBack { get; private set; }

    public int LargestSet { get; private set; }

    public int Dropped { get; private set; }

    public void OnSiloCrash(bool isFalseSuspicion)
    {
        SiloCrashes += isFalseSuspicion ? 0 : 1;
        FalseSuspicions += isFalseSuspicion ? 1 : 0;
    }

    public void OnDropped() => Dropped++;

    public void OnDecided(ImmutableArray<LifeEnd> lives)
    {
        Decided++;
        LargestSet = Math.Max(LargestSet, lives.Length);
    }

    public void OnRolledBack() => RolledBack++;

    /// <summary>S11.3: it has received what nobody remembers sending any more, or has lost a call.</summary>
    public void OnReady(CheckpointedActor actor)
    {
        var surviving = Surviving();
        surviving.UnionWith(actor.State.Happened);
        if (actor.State.Received.FirstMissingIn(surviving, cluster.EventsOfParticipants) is null && !HasLostCall(actor.Name, actor.State))
        {
            cluster.Judges.Report("needless rollback", $"{actor.Name} rolls back, and nothing that it has received is undone");
        }
    }

    /// <summary>Once faults have stopped and all is at rest, the live actors form a consistent global state.</summary>
    public void JudgeLiveState()
    {
        var live = new SortedDictionary<string, ActorState>(StringComparer.Ordinal);
        foreach (var actor in cluster.Participants)
        {
            if (actor.IsDead)
            {
                // Lost with its silo, and nobody has called it since.
                live[actor.Name] = cluster.Judges.Permanent.StateOf(actor.Name);
                continue;
            }

            if (actor.IsStopped || !actor.Host.IsLoaded)
            {
                cluster.Judges.Report("live orphans", $"{actor.Name} {(actor.Host.IsLoaded ? "is stopped" : "is not loaded")} for ever");
            }

            if (cluster.Silos.Exists(silo => silo.IsRunning && silo.Agent.Undone.Knows(actor.Host.Ledger.Life)))
            {
                cluster.Judges.Report("live orphans", $"{actor.Host.Ledger.Life} goes on, and others hold that it is over");
            }

            if (cluster.Judges.Permanent.StateOf(actor.Name).Happened.FirstMissingIn(actor.State.Happened, cluster.EventsOfParticipants) is { } missing)
            {
                cluster.Judges.Report("live orphans", $"{actor.Name} has forgotten m{missing}, which its permanent checkpoint remembers");
            }

            live[actor.Name] = actor.State;
        }

        if (OrphanMessageChecker.FindOrphan(live, cluster.EventsOfParticipants) is { } orphan)
        {
            cluster.Judges.Report("live orphans", $"{orphan.Receiver} has received m{orphan.Message}, which nobody has sent any more");
        }

        if (live.FirstOrDefault(actor => HasLostCall(actor.Key, actor.Value)) is { Key: { } loser })
        {
            cluster.Judges.Report("live orphans", $"{loser} remembers a call that was lost");
        }

        if (WholeChainChecker.FindHalfChain(live, cluster.Calls) is { } half)
        {
            cluster.Judges.Report("whole chains, live", half);
        }
    }

    public bool HasLostCall(string actor, ActorState state) =>
        cluster.Calls.Exists(call => call.LostInTime && Nearest(call) is { } outer && outer.Caller == actor && state.Happened.Contains(outer.Request));

    /// <summary>The call of the nearest checkpointed caller that this one was made for; null if a client stands at its root, or if that caller did not get an answer.</summary>
    private static CallRecord? Nearest(CallRecord call)
    {
        while (call is { Caller: null, Through: { } through })
        {
            if (through.End is not (CallEnd.Completed or CallEnd.Lost) || (through.End == CallEnd.Lost && !through.LostInTime))
            {
                return null;
            }

            call = through;
        }

        return call.Caller is null ? null : call;
    }

    private ExactSet Surviving()
    {
        var surviving = new ExactSet();
        foreach (var actor in cluster.Participants)
        {
            surviving.UnionWith(actor.IsOver || !actor.Host.IsLoaded
                ? cluster.Judges.Permanent.StateOf(actor.Name).Happened
                : actor.State.Happened);
        }

        return surviving;
    }
}
