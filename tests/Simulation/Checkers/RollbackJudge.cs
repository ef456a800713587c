using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>Judges rollbacks on exact sets: nobody rolls back who need not, and in the end no live actor remembers anything undone.</summary>
internal sealed class RollbackJudge(SimulatedCluster cluster)
{
    private readonly Dictionary<int, CheckpointedActor> _actorOf = [];
    private readonly Dictionary<int, long> _sentAt = [];
    private readonly ExactSet _late = new();
    private readonly Dictionary<Life, (long At, CoordinatorHost By)> _learned = [];
    private readonly Dictionary<Life, SetDecided> _decided = [];
    private readonly HashSet<Life> _toBeSure = [];
    private readonly Dictionary<string, long> _restartDecidedAt = [];
    private readonly Dictionary<CheckpointedActor, long> _beganByRollback = [];

    public int SiloCrashes { get; private set; }

    public int FalseSuspicions { get; private set; }

    public int OrderlyStops { get; private set; }

    public int Moves { get; private set; }

    public int LostOnTheWay { get; private set; }

    public int Decided { get; private set; }

    public List<Life> RolledBackLives { get; } = [];

    public int RolledBack => RolledBackLives.Count;

    /// <summary>Sets that went without having heard from everybody (RB-21).</summary>
    public int NotClosed { get; private set; }

    /// <summary>How often only a round found that somebody had received what was undone: it had been on its way for very long.</summary>
    public int LateGhosts { get; private set; }

    /// <summary>RB-22: lives that rolled back because a sender had forgotten that its labels count.</summary>
    public int ToBeSure => _toBeSure.Count;

    public int LargestSet { get; private set; }

    public int Dropped { get; private set; }

    /// <summary>Copies of calls whose callee has rolled back.</summary>
    public int SentAgain { get; private set; }

    /// <summary>Copies of calls that were lost with a silo.</summary>
    public int SentAgainPerhapsArrived { get; private set; }

    public void OnSiloCrash(bool isFalseSuspicion)
    {
        SiloCrashes += isFalseSuspicion ? 0 : 1;
        FalseSuspicions += isFalseSuspicion ? 1 : 0;
    }

    public void OnStoppedInOrder() => OrderlyStops++;

    public void OnLostOnTheWay() => LostOnTheWay++;

    public void OnDropped() => Dropped++;

    public void OnSentAgain(bool mayHaveArrived)
    {
        SentAgain += mayHaveArrived ? 0 : 1;
        SentAgainPerhapsArrived += mayHaveArrived ? 1 : 0;
    }

    public void OnHappened(int id, CheckpointedActor actor)
    {
        _actorOf[id] = actor;
        _sentAt[id] = cluster.Time.Now;
        cluster.Judges.RecoveryLine.OnHappened(id, actor);
    }

    /// <summary>RB-23: what was on its way for longer than silos remember may be undone without anybody's knowing it; then the next round finds it.</summary>
    public void OnReceived(ExactSet carries)
    {
        if (cluster.Settings.Memory is { } memory)
        {
            foreach (var message in carries.Except(_late, cluster.EventsOfParticipants).Where(message => cluster.Time.Now - _sentAt[message] > memory))
            {
                _late.Add(message);
            }
        }
    }

    public void OnCoordinatorLearned(Life ready, CoordinatorHost by) => _learned.TryAdd(ready, (cluster.Time.Now, by));

    /// <summary>A coordinator is gone, or is heard no more, and with it what it has learnt and nobody else knows.</summary>
    public void OnLostWithCoordinator(CoordinatorHost gone)
    {
        foreach (var life in _learned.Keys.Where(life => _learned[life].By == gone && !cluster.Silos.All.Any(other => other is { IsRunning: true, IsDeclaredDead: false } && other.Agent.Undone.Knows(life))).ToList())
        {
            _learned.Remove(life);
        }
    }

    /// <param name="lives">The set.</param>
    /// <param name="zombieKnows">If another coordinator has followed: the silos of which this one has heard.</param>
    /// <param name="isClosed">False if somebody was not heard (RB-21).</param>
    public void OnDecided(ImmutableArray<LifeEnd> lives, IReadOnlyCollection<SiloId>? zombieKnows, bool isClosed)
    {
        Decided++;
        LargestSet = Math.Max(LargestSet, lives.Length);
        NotClosed += isClosed ? 0 : 1;
        cluster.Judges.RecoveryLine.OnDecided(lives);
        var decided = new SetDecided(cluster.Time.Now, zombieKnows, isClosed);
        foreach (var end in lives)
        {
            if (decided.IsFinal || !_decided.TryGetValue(end.Life, out var earlier) || !earlier.IsFinal)
            {
                _decided[end.Life] = decided;
            }
        }

        JudgeClosure([.. lives.Select(end => end.Life)], decided);
    }

    public void OnRolledBack(CheckpointedActor actor)
    {
        var life = actor.Host.Ledger.Life;
        RolledBackLives.Add(life);
        var decided = _decided.GetValueOrDefault(life, new SetDecided(cluster.Time.Now, ZombieKnows: null, IsClosed: true));
        JudgeClosure([life], decided);
        if (decided.IsFinal)
        {
            _restartDecidedAt[actor.Name] = decided.At;
        }
    }

    /// <summary>A life begins; if that is by a rollback, it is known when it was decided.</summary>
    public void OnBegan(CheckpointedActor actor)
    {
        if (_restartDecidedAt.Remove(actor.Name, out var decided) && actor.Silo.JoinedAt <= decided)
        {
            // A silo that joined after the decision may still be waiting for the facts.
            _beganByRollback[actor] = decided;
        }
    }

    /// <summary>The same life goes on in another activation.</summary>
    public void OnMoved(CheckpointedActor left, CheckpointedActor arrived)
    {
        Moves++;
        if (_beganByRollback.Remove(left, out var decided) && arrived.Silo.JoinedAt <= decided)
        {
            _beganByRollback[arrived] = decided;
        }
    }

    /// <summary>S11.3: it has received what nobody remembers sending any more, or has lost a call.</summary>
    public void OnReady(CheckpointedActor actor)
    {
        var surviving = Surviving();
        surviving.UnionWith(actor.State.Happened);
        var undone = UndoneMessages(actor, surviving).ToList();
        var hasTo = undone.Count > 0 || cluster.Judges.Requested.HasCommitted(actor.Host.Ledger.Life) || HasLostCall(actor.Name, actor.State);
        if (!hasTo && actor.Host.Ledger.AllReceipts().Any(cluster.Judges.LifeEnds.IsForgotten))
        {
            _toBeSure.Add(actor.Host.Ledger.Life);
        }
        else if (!hasTo)
        {
            cluster.Judges.Report("needless rollback", $"{actor.Name} rolls back, and nothing that it has received is undone");
        }

        // P-R5: no later restart is caused by a message that was undone before.
        if (_beganByRollback.TryGetValue(actor, out var decided)
            && undone.Exists(message => !_late.Contains(message) && _learned.TryGetValue(_actorOf[message].Host.Ledger.Life, out var learned) && learned.At <= decided))
        {
            cluster.Judges.Report("livelock", $"{actor.Name} rolls back again, because it received what had been undone before it began");
        }
    }

    /// <summary>D12.6 (iii): the set is closed. No running actor has received anything that the set has undone.</summary>
    private void JudgeClosure(HashSet<Life> set, SetDecided decided)
    {
        var surviving = Surviving();
        foreach (var actor in cluster.Participants.Where(actor => actor is { IsOver: false, Host.IsLoaded: true, Silo.IsDeclaredDead: false } && !decided.LeavesOut(actor)))
        {
            foreach (var message in UndoneMessages(actor, surviving))
            {
                if (!_late.Contains(message) && set.Contains(_actorOf[message].Host.Ledger.Life))
                {
                    cluster.Judges.Report("closure", $"{actor.Name} has received m{message}, which {_actorOf[message].Host.Ledger.Life} undoes, and goes on");
                }
            }
        }
    }

    private IEnumerable<int> UndoneMessages(CheckpointedActor actor, ExactSet surviving)
    {
        var known = surviving.Copy();
        while (actor.State.Received.FirstMissingIn(known, cluster.EventsOfParticipants) is { } message)
        {
            yield return message;
            known.Add(message);
        }
    }

    /// <summary>Once faults have stopped and all is at rest, the live actors form a consistent global state.</summary>
    /// <param name="afterRound">Everybody has been in a round since.</param>
    public void JudgeLiveState(bool afterRound)
    {
        var goingBack = afterRound ? [] : FoundByRoundsOnly();
        LateGhosts += goingBack.Count > 0 ? 1 : 0;
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

            if (cluster.Silos.All.Any(silo => silo.IsRunning && silo.Agent.Undone.Knows(actor.Host.Ledger.Life)))
            {
                cluster.Judges.Report("live orphans", $"{actor.Host.Ledger.Life} goes on, and others hold that it is over");
            }

            if (cluster.Judges.Permanent.StateOf(actor.Name).Happened.FirstMissingIn(actor.State.Happened, cluster.EventsOfParticipants) is { } missing)
            {
                cluster.Judges.Report("live orphans", $"{actor.Name} has forgotten m{missing}, which its permanent checkpoint remembers");
            }

            live[actor.Name] = goingBack.Contains(actor) ? cluster.Judges.Permanent.StateOf(actor.Name) : actor.State;
        }

        if (OrphanMessageChecker.FindOrphan(live, cluster.EventsOfParticipants) is { } orphan)
        {
            cluster.Judges.Report("live orphans", $"{orphan.Receiver} has received m{orphan.Message}, which nobody has sent any more");
        }

        if (live.FirstOrDefault(actor => actor.Value.RanOneTwice) is { Key: { } twice })
        {
            cluster.Judges.Report("runs once", $"{twice} has run a call twice");
        }

        if (live.FirstOrDefault(actor => HasLostCall(actor.Key, actor.Value)) is { Key: { } loser })
        {
            cluster.Judges.Report("live orphans", $"{loser} remembers a call that was lost");
        }

        if (WholeChainChecker.FindHalfChain(live, cluster.Calls) is { } half)
        {
            cluster.Judges.Report("whole chains, live", half);
        }

        cluster.Judges.RecoveryLine.JudgeAtRest(goingBack);
    }

    /// <summary>
    /// RB-23: they have received what was on its way for too long, or depend on one who has. All others have to be consistent with the permanent checkpoints
    /// to which those go back as soon as somebody takes a round.
    /// </summary>
    private HashSet<CheckpointedActor> FoundByRoundsOnly()
    {
        var found = new HashSet<CheckpointedActor>();
        int before;
        do
        {
            before = found.Count;
            var surviving = Surviving(found);
            found.UnionWith(cluster.Participants.Where(actor => actor is { IsDead: false, Host.IsLoaded: true } && !found.Contains(actor)
                && UndoneMessages(actor, surviving).Any(message => _late.Contains(message) || found.Any(other => other.Host.Ledger.Life.Equals(_actorOf[message].Host.Ledger.Life)))).ToList());
        }
        while (found.Count > before);
        return found;
    }

    /// <summary>It goes back although nothing was lost that it depends on.</summary>
    public bool IsFirst(Life life) => _toBeSure.Contains(life) || cluster.Judges.Requested.HasCommitted(life);

    public bool HasLostCall(string actor, ActorState state) =>
        cluster.Calls.Exists(call => call.LostInTime && call.Caller == actor && state.Happened.Contains(call.Request));

    private ExactSet Surviving(HashSet<CheckpointedActor>? goingBack = null)
    {
        var surviving = new ExactSet();
        foreach (var actor in cluster.Participants)
        {
            surviving.UnionWith(actor.IsOver || !actor.Host.IsLoaded || goingBack?.Contains(actor) == true
                ? cluster.Judges.Permanent.StateOf(actor.Name).Happened
                : actor.State.Happened);
        }

        return surviving;
    }

    /// <param name="At">When.</param>
    /// <param name="ZombieKnows">RB-24: a coordinator that was followed is obeyed where its successor has not been heard yet, and may not have heard of silos that have joined since.</param>
    /// <param name="IsClosed">RB-21: else somebody has not answered for so long that the others go on. Their silos have found them, so they are asked until they answer.</param>
    private sealed record SetDecided(long At, IReadOnlyCollection<SiloId>? ZombieKnows, bool IsClosed)
    {
        /// <summary>Nobody is left out.</summary>
        public bool IsFinal => ZombieKnows is null && IsClosed;

        /// <summary>Nor is anybody on a silo that had joined by then: a later one may still be waiting for the facts.</summary>
        public bool LeavesOut(CheckpointedActor actor) =>
            actor.Silo.JoinedAt > At || ZombieKnows?.Contains(actor.Silo.Id) == false || (!IsClosed && actor.Host.Ledger.IsOrphan(actor.Silo.Agent.Undone));
    }
}
