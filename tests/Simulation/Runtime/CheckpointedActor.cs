using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>A participant: its messages are labelled and its state is checkpointed.</summary>
internal sealed class CheckpointedActor : SimulatedActor
{
    public CheckpointedActor(SimulatedCluster cluster, string name, bool isReentrant, SimulatedSilo silo)
        : base(cluster, name, isReentrant, silo)
    {
        Id = ParticipantId.Named(name);
        Host = new ParticipantHost(this);
        CreatedAt = cluster.Time.Now;
    }

    public long CreatedAt { get; }

    public ParticipantId Id { get; }

    public ParticipantHost Host { get; }

    public ActorState State { get; private set; } = new();

    public override bool IsCheckpointed => true;

    /// <summary>No handler is active and no two-way call is outstanding (SPEC D5).</summary>
    public bool IsQuiescent => (ActiveHandlers == 0 && OutstandingCalls == 0) || Cluster.Mutation == Mutation.SnapshotNotAtQuiescence;

    /// <summary>As in its permanent checkpoint: state, sends and receipts (SPEC K4, K6).</summary>
    public bool IsUnchanged => Cluster.Mutation == Mutation.DirtyReadsCalledClean
        || (Host.Ledger.IsClean && State.LastChange == Host.PermanentLastChange);

    public bool MayRestart => Host.IsLoaded && !IsOver && !IsMoving && !Silo.Process.IsPaused && !Host.Rollback.Requested.IsGateClosed && !Host.IsWriting && ActiveHandlers == 0 && OutstandingCalls == 0 && Host.Ledger.IsClean
        && State.LastChange == Host.PermanentLastChange;

    /// <summary>Between two calls, in no round and no rollback.</summary>
    public bool MayMove => !IsOver && !IsMoving && !Silo.Process.IsPaused && Host.MayMove && ActiveHandlers == 0 && OutstandingCalls == 0;

    protected override bool IsHeld => Host.IsLoaded && Host.Rollback.Requested.IsHeld;

    protected override bool IsLoaded => Host.IsLoaded;

    /// <summary>It moves away as soon as it can; roots wait for that.</summary>
    public bool IsLeaving { get; set; }

    protected override bool IsGateClosed => IsLeaving || (Host.IsGateClosed && Cluster.Mutation != Mutation.GateLetsRootsPass);

    public override void EndTurn()
    {
        if (Host.IsLoaded && !IsOver && IsQuiescent)
        {
            Host.OnQuiescent();
            if (IsLeaving)
            {
                Cluster.Moves.LeaveNow(this);
            }
        }

        Pump();
    }

    protected override bool TryStart(HandlerRun run)
    {
        if (Silo.CutOff.Refuses(run.Request.SentUnder) && Cluster.Mutation != Mutation.OldCopiesRun)
        {
            Cluster.Trace.Line($"{Name} refuses m{run.Request.Id}, sent under {run.Request.SentUnder}");
            run.Request.RefusedUnder = Silo.CutOff.Line;
            run.Request.OnFailed(CallEnd.Refused);
            return false;
        }

        if (run.Request.MayHaveArrived && Host.Ledger.MayHaveReceived(run.Request.Stamps[0]))
        {
            Cluster.Trace.Line($"{Name} may have received m{run.Request.Id} before");
            run.Request.OnFailed(CallEnd.Lost);
            return false;
        }

        if (Drops(run.Request.Stamps))
        {
            Cluster.Trace.Line($"{Name} drops m{run.Request.Id} [{string.Join(' ', run.Request.Stamps)}]");
            Cluster.Judges.Rollbacks.OnDropped();
            run.Request.OnFailed(CallEnd.Refused);
            return false;
        }

        Cluster.Trace.Line($"{Name} <- m{run.Request.Id} [{string.Join(' ', run.Request.Stamps)}]");
        run.MayLeaveNoTrace = run.Request.Plan.IsReadOnly && IsUnchanged;
        if (!run.MayLeaveNoTrace)
        {
            Receive(run.Request);
        }

        return true;
    }

    public override void OnTurn(HandlerRun run)
    {
        if (!run.Request.Plan.IsReadOnly && Cluster.Random.Chance(0.6))
        {
            var change = NewEvent();
            State.LastChange = change;
        }
    }

    public override (IReadOnlyList<MessageStamp> Stamps, ExactSet Carries) StampRequest(HandlerRun run, int message, string target)
    {
        Happened(message);
        var carries = new ExactSet();
        carries.Add(message);
        return ([Label(target)], carries);
    }

    public override Response? Respond(HandlerRun run, CallRecord call)
    {
        var id = Cluster.NewId();
        if (run.MayLeaveNoTrace && IsUnchanged)
        {
            // What was read is in the permanent checkpoint already.
            return new Response(id, [], State.Happened.Copy(), LeavesNoTrace: true);
        }

        if (run.MayLeaveNoTrace)
        {
            if (Drops(run.Request.Stamps))
            {
                Cluster.Trace.Line($"{Name} drops m{run.Request.Id}, which it has run and not recorded [{string.Join(' ', run.Request.Stamps)}]");
                Cluster.Judges.Rollbacks.OnDropped();
                return null;
            }

            Receive(run.Request);
        }

        var carries = new ExactSet();
        if (!run.Request.WantsLabel)
        {
            return new Response(id, [], carries);
        }

        Happened(id);
        carries.Add(id);
        return new Response(id, Cluster.Mutation == Mutation.ResponseLabelsOff ? [] : [Label(run.Request.From!)], carries);
    }

    public override bool OnResponse(HandlerRun run, Response response)
    {
        if (Drops(response.Stamps))
        {
            Cluster.Judges.Rollbacks.OnDropped();
            return false;
        }

        Receive(response.Stamps, response.Carries, !response.LeavesNoTrace);
        if (response.HasLostCall)
        {
            OnCallLost(run);
        }

        return true;
    }

    public override void OnCallLost(HandlerRun run)
    {
        if (Cluster.Mutation != Mutation.LostCallsForgotten)
        {
            Host.Ledger.LoseCall();
            Silo.Report();
        }
    }

    public void Restore(ActorState? checkpoint) => State = checkpoint?.Copy() ?? new ActorState();

    protected override bool IsDroppedAtArrival(Request request) =>
        Cluster.Mutation == Mutation.FilterAtArrivalOnly && request.Stamps.Any(Silo.Agent.Drops);

    /// <summary>SPEC K33: when a message is recorded, however long it has waited.</summary>
    private bool Drops(IReadOnlyList<MessageStamp> stamps) =>
        Cluster.Mutation is not (Mutation.GhostFilterOff or Mutation.FilterAtArrivalOnly) && stamps.Any(Silo.Agent.Drops);

    /// <summary>The life that has left the other activation goes on here.</summary>
    public void Resume(CheckpointedActor left)
    {
        State = left.State;
        Host.Resume(left.Host);
    }

    private MessageStamp Label(string receiver) =>
        Cluster.Actor(receiver) is CheckpointedActor peer ? Host.Ledger.Send(peer.Id) : Host.Ledger.Send();

    private void Receive(Request request)
    {
        State.RanOneTwice |= State.Ran.Contains(request.Id);
        if (State.RanOneTwice && !Silo.IsDeclaredDead)
        {
            Cluster.Judges.Report("runs once", $"{Name} runs m{request.Id} although it remembers to have run it");
        }

        State.Ran.Add(request.Id);
        Receive(request.Stamps, request.Carries);
    }

    private void Receive(IReadOnlyList<MessageStamp> stamps, ExactSet carries, bool leavesTrace = true)
    {
        State.Received.UnionWith(carries);
        Cluster.Judges.Requested.OnReceived(Host.Ledger.Life, carries);
        Cluster.Judges.Rollbacks.OnReceived(carries);
        State.Receipts += leavesTrace && !carries.IsEmpty ? 1 : 0;
        foreach (var stamp in stamps)
        {
            var meetsAnotherLife = Host.Ledger.Receive(stamp) && Cluster.Mutation != Mutation.ContactNotNoticed;
            if (meetsAnotherLife || Silo.Agent.Suspects(stamp))
            {
                Silo.Report();
            }

            if (Cluster.Mutation == Mutation.ReceiptsNotPerLife)
            {
                var kept = Host.Ledger.Received.ToImmutable().RemoveAll(receipt => receipt.Sender.Participant == stamp.Sender.Participant && !receipt.Sender.Equals(stamp.Sender));
                Host.Ledger.Received.Clear();
                Host.Ledger.Received.Merge(kept);
            }
        }
    }

    private int NewEvent()
    {
        var id = Cluster.NewId();
        Happened(id);
        return id;
    }

    private void Happened(int id)
    {
        State.Happened.Add(id);
        Cluster.Judges.Rollbacks.OnHappened(id, this);
        Cluster.EventsOfParticipants.Add(id);
    }
}
