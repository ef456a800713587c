using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>A participant: its messages are labelled and its state is checkpointed.</summary>
internal sealed class CheckpointedActor : SimulatedActor
{
    public CheckpointedActor(SimulatedCluster cluster, string name, bool isReentrant)
        : base(cluster, name, isReentrant)
    {
        Id = ParticipantId.Named(name);
        Host = new ParticipantHost(this);
    }

    public ParticipantId Id { get; }

    public ParticipantHost Host { get; }

    public ActorState State { get; private set; } = new();

    public override bool IsCheckpointed => true;

    /// <summary>No handler is active and no two-way call is outstanding (SPEC D5).</summary>
    public bool IsQuiescent => (ActiveHandlers == 0 && OutstandingCalls == 0) || Cluster.Mutation == Mutation.SnapshotNotAtQuiescence;

    /// <summary>As in its permanent checkpoint: state, sends and receipts (SPEC K4, K6).</summary>
    public bool IsUnchanged => Cluster.Mutation == Mutation.DirtyReadsCalledClean
        || (Host.Ledger.IsClean && State.LastChange == Host.PermanentLastChange);

    public bool MayRestart => Host.IsLoaded && ActiveHandlers == 0 && OutstandingCalls == 0 && Host.Ledger.IsClean
        && State.LastChange == Host.PermanentLastChange;

    protected override bool IsLoaded => Host.IsLoaded;

    protected override bool IsGateClosed => Host.IsGateClosed && Cluster.Mutation != Mutation.GateLetsRootsPass;

    public override void EndTurn()
    {
        if (Host.IsLoaded && IsQuiescent)
        {
            Host.OnQuiescent();
        }

        Pump();
    }

    protected override void OnStarting(HandlerRun run)
    {
        Cluster.Trace.Line($"{Name} <- m{run.Request.Id} [{string.Join(' ', run.Request.Stamps)}]");
        run.MayLeaveNoTrace = run.Request.Plan.IsReadOnly && IsUnchanged;
        if (!run.MayLeaveNoTrace)
        {
            Receive(run.Request.Stamps, run.Request.Carries);
        }
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

    public override Response Respond(HandlerRun run, CallRecord call)
    {
        call.Response = Cluster.NewId();
        if (run.MayLeaveNoTrace && IsUnchanged)
        {
            // What was read is in the permanent checkpoint already.
            call.LeftNoTrace = true;
            return new Response([], State.Happened.Copy(), LeavesNoTrace: true);
        }

        if (run.MayLeaveNoTrace)
        {
            Receive(run.Request.Stamps, run.Request.Carries);
        }

        var carries = new ExactSet();
        if (!run.Request.WantsLabel)
        {
            return new Response([], carries);
        }

        Happened(call.Response);
        carries.Add(call.Response);
        return new Response(Cluster.Mutation == Mutation.ResponseLabelsOff ? [] : [Label(run.Request.From!)], carries);
    }

    public override void OnResponse(HandlerRun run, Response response) => Receive(response.Stamps, response.Carries, !response.LeavesNoTrace);

    /// <summary>A new life from this checkpoint; null is the initial state. What waits in the queue is handed on unless everything was lost.</summary>
    public void Restart(bool keepQueue)
    {
        LoseEverything(keepQueue);
        State = new ActorState();
        Host.Load();
    }

    public void Restore(ActorState? checkpoint) => State = checkpoint?.Copy() ?? new ActorState();

    private MessageStamp Label(string receiver) =>
        Cluster.Actor(receiver) is CheckpointedActor peer ? Host.Ledger.Send(peer.Id) : Host.Ledger.Send();

    private void Receive(IReadOnlyList<MessageStamp> stamps, ExactSet carries, bool leavesTrace = true)
    {
        State.Received.UnionWith(carries);
        State.Receipts += leavesTrace && !carries.IsEmpty ? 1 : 0;
        foreach (var stamp in stamps)
        {
            Host.Ledger.Receive(stamp);
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
        Cluster.EventsOfParticipants.Add(id);
    }
}
