using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>
/// Judges rollbacks that were asked for: either it happens to all who depend on the first one, with everybody's yes, or to nobody.
/// </summary>
internal sealed class RequestedRollbackJudge(SimulatedCluster cluster)
{
    // So long a coordinator that is cut off may go on without knowing which silos have joined.
    private const long LongestIgnorance = 800;

    private readonly HashSet<Life> _committed = [];
    private readonly Dictionary<Guid, long> _begun = [];
    private readonly HashSet<Guid> _happened = [];
    private readonly HashSet<Guid> _calledOff = [];
    private readonly HashSet<(Guid Request, Life Life, SiloId Silo)> _unwilling = [];
    private readonly Dictionary<(Guid Request, string Participant, Life End), (int Wave, long At)> _tested = [];
    private readonly Dictionary<(Life Receiver, int Message), long> _received = [];
    private int _open;

    public int Asked { get; private set; }

    public int Happened => _happened.Count;

    public int CalledOff => _calledOff.Count;

    /// <summary>It was said that nobody knows.</summary>
    public int Unknown { get; private set; }

    public int DryRuns { get; private set; }

    public int LargestSet { get; private set; }

    /// <summary>Who has received from the set after it was looked at: rolls back by force, without having been asked.</summary>
    public int Stragglers { get; private set; }

    public bool HasCommitted(Life life) => _committed.Contains(life);

    public Action<RequestedRollbackOutcome?> OnAsked(Action<RequestedRollbackOutcome?> done)
    {
        Asked++;
        _open++;
        return outcome =>
        {
            _open--;
            done(outcome);
        };
    }

    public bool OnVote(AskToRollBack ask, Life life, bool willing)
    {
        _begun.TryAdd(ask.Request, cluster.Time.Now);
        if (!willing)
        {
            _unwilling.Add((ask.Request, life, life.Silo));
        }

        return willing;
    }

    public void OnTested(TestEnds test, string participant)
    {
        foreach (var end in test.Ends)
        {
            // The first time in each wave: the answer to a copy may come too late to count.
            var key = (test.Request, participant, end.Life);
            if (!_tested.TryGetValue(key, out var known) || known.Wave < test.Wave)
            {
                _tested[key] = (test.Wave, cluster.Time.Now);
            }
        }
    }

    public void OnReceived(Life receiver, ExactSet carries)
    {
        if (cluster.Faults.Profile.RequestedRollback > 0)
        {
            foreach (var message in carries.Except(new ExactSet(), carries))
            {
                _received.TryAdd((receiver, message), cluster.Time.Now);
            }
        }
    }

    /// <summary>The one step that decides. All who have to go back with it stand still, except stragglers; nobody else does.</summary>
    public void OnCommitted(CheckpointedActor first, Guid request)
    {
        if (!_committed.Add(first.Host.Ledger.Life))
        {
            return;
        }

        _happened.Add(request);
        if (_calledOff.Contains(request))
        {
            cluster.Judges.Report("requested rollbacks", $"{first.Name} rolls back, and it was said that it would not");
        }

        var goBack = cluster.Judges.RecoveryLine.GoingBackWith(first);
        var held = cluster.Participants.Where(actor => actor is { IsDead: false, Host: { IsLoaded: true, Rollback.Requested.IsHeld: true } } && actor.Host.Rollback.Requested.Request == request).ToList();
        LargestSet = Math.Max(LargestSet, held.Count);
        foreach (var actor in held)
        {
            if (_unwilling.Contains((request, actor.Host.Ledger.Life, actor.Silo.Id)))
            {
                cluster.Judges.Report("vote", $"{first.Name} rolls back, and {actor.Name} was not willing to");
            }

            if (actor != first && !goBack.Contains(actor.Name))
            {
                cluster.Judges.Report("needless rollback", $"{actor.Name} stands still for {first.Name}, and need not roll back with it");
            }
        }

        foreach (var actor in cluster.Participants.Where(actor => goBack.Contains(actor.Name) && !held.Contains(actor) && actor is { IsOver: false, IsMoving: false, Host.IsLoaded: true }))
        {
            Stragglers++;
            JudgeStraggler(actor, held, first, request);
        }
    }

    public void OnEnded(Guid request, bool isDryRun, RequestedRollbackOutcome outcome)
    {
        if (isDryRun)
        {
            DryRuns++;
        }
        else if (outcome.WhyNot == WhyNotRolledBack.Unknown)
        {
            Unknown++;
        }
        else if (!outcome.IsDecided)
        {
            _calledOff.Add(request);
            if (_happened.Contains(request))
            {
                cluster.Judges.Report("requested rollbacks", $"it was said that request {request} does not happen ({outcome.WhyNot}), and it has happened");
            }
        }
        else if (!_happened.Contains(request) && cluster.Participants.Exists(actor => actor is { IsOver: false, Host.IsLoaded: true } && actor.Host.Ledger.Life.Equals(outcome.Members[0].End.Life)))
        {
            cluster.Judges.Report("requested rollbacks", $"it was said that {outcome.Members[0].End.Life} rolls back, and it goes on");
        }
    }

    public void JudgeAllAnswered()
    {
        if (_open > 0)
        {
            cluster.Judges.Report("requested rollbacks", "somebody who has asked for a rollback was never answered");
        }
    }

    /// <summary>It was looked at before it received what draws it in.</summary>
    private void JudgeStraggler(CheckpointedActor straggler, List<CheckpointedActor> held, CheckpointedActor first, Guid request)
    {
        var begun = _begun[request];
        if (straggler.Host.Rollback.Requested.Request == request)
        {
            // It was asked, and heard nothing for so long that it has gone on.
            return;
        }

        if (straggler.CreatedAt >= begun || straggler.Silo.IsDeclaredDead || (straggler.Silo.JoinedAt > 0 && straggler.Silo.JoinedAt + LongestIgnorance > begun))
        {
            return;
        }

        foreach (var sender in held)
        {
            var sinceCheckpoint = sender.State.Happened.Except(cluster.Judges.Permanent.StateOf(sender.Name).Happened, sender.State.Happened);
            foreach (var message in sinceCheckpoint.Where(message => straggler.State.Received.Contains(message)))
            {
                var received = _received.GetValueOrDefault((straggler.Host.Ledger.Life, message), long.MaxValue);
                if (received < begun && !_tested.ContainsKey((request, straggler.Name, sender.Host.Ledger.Life)))
                {
                    cluster.Judges.Report("requested rollbacks", $"{first.Name} rolls back, and nobody has looked at {straggler.Name}, which has received m{message} of {sender.Name}");
                }

                if (_tested.TryGetValue((request, straggler.Name, sender.Host.Ledger.Life), out var tested) && received < tested.At)
                {
                    cluster.Judges.Report("requested rollbacks", $"{first.Name} rolls back, and {straggler.Name}, which has received m{message} of {sender.Name}, was looked at and not asked");
                }
            }
        }
    }
}
