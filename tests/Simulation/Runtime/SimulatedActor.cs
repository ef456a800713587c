using Checkpointing.Protocol.Labels;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// One activation of an actor and what the actor runtime does for it: a queue, turns, and exclusion unless the actor is reentrant. With a
/// closed gate roots wait in their order and nested calls pass them (SPEC D6, with H = 0 as in K20).
/// </summary>
internal abstract class SimulatedActor(SimulatedCluster cluster, string name, bool isReentrant, SimulatedSilo silo)
{
    private readonly List<Request> _queue = [];
    private readonly List<HandlerRun> _running = [];
    private readonly List<OutgoingCall> _outgoing = [];
    private bool _isPumping;

    public SimulatedCluster Cluster => cluster;

    public string Name => name;

    public bool IsReentrant => isReentrant;

    public virtual bool IsCheckpointed => false;

    public SimulatedSilo Silo => silo;

    /// <summary>Gone, with all that was in memory. Another activation may stand in its place.</summary>
    public bool IsDead { get; private set; }

    public long DiedAt { get; private set; } = long.MaxValue;

    /// <summary>Its handlers were ended; it starts none and lets nothing out.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>It is on its way to another silo: what comes for it waits here.</summary>
    public bool IsMoving { get; set; }

    /// <summary>Whatever was going to happen here does not happen any more.</summary>
    public bool IsOver => IsDead || IsStopped;

    public int ActiveHandlers => _running.Count;

    public int OutstandingCalls { get; set; }

    public int QueueLength => _queue.Count;

    protected virtual bool IsLoaded => true;

    protected virtual bool IsGateClosed => false;

    /// <summary>Nested calls wait too.</summary>
    protected virtual bool IsHeld => false;

    public override string ToString() => $"{name} on {silo}";

    public void Deliver(Request request)
    {
        if (IsDead)
        {
            // Lost with its process; otherwise the runtime forwards it to where the actor is now.
            if (silo.IsRunning)
            {
                cluster.Network.PassOn(request, silo, name);
            }

            return;
        }

        if (IsStopped && !request.IsRoot)
        {
            request.OnFailed(CallEnd.Refused);
            return;
        }

        if (IsDroppedAtArrival(request))
        {
            request.OnFailed(CallEnd.Refused);
            return;
        }

        _queue.Add(request);
        Pump();
    }

    /// <summary>The handlers that run end as rolled back, and the calls that wait are refused. Roots wait on.</summary>
    public void StopHandlers()
    {
        IsStopped = true;
        foreach (var run in _running)
        {
            run.Request.OnFailed(CallEnd.Undone);
        }

        foreach (var request in _queue.Where(request => !request.IsRoot))
        {
            request.OnFailed(CallEnd.Refused);
        }

        _queue.RemoveAll(request => !request.IsRoot);
    }

    public void Started(OutgoingCall call) => _outgoing.Add(call);

    public void Ended(OutgoingCall call) => _outgoing.Remove(call);

    public bool WaitsFor(SimulatedSilo callee) => _outgoing.Exists(call => call.Callee.Silo == callee);

    /// <summary>SPEC K1: the calls that a lost silo will never answer.</summary>
    public void LoseCallsTo(SimulatedSilo gone)
    {
        foreach (var call in _outgoing.Where(call => call.Callee.Silo == gone).ToList())
        {
            call.Fail(CallEnd.SiloGone);
        }
    }

    /// <summary>All that was in memory is gone. What waits in the queue is handed over unless its process is gone too.</summary>
    public void Die(SimulatedActor? successor = null)
    {
        DiedAt = IsDead ? DiedAt : cluster.Time.Now;
        IsDead = true;
        cluster.Judges.Gates.OnOpened(ToString(), silo.Process.TimeRun);
        var waiting = _queue.ToList();
        _queue.Clear();
        if (successor is not null)
        {
            successor._queue.AddRange(waiting);
            successor.Pump();
        }
    }

    /// <summary>Admits what may start now.</summary>
    public void Pump()
    {
        if (_isPumping)
        {
            return;
        }

        if (silo.Process.IsPaused)
        {
            silo.Process.WhenRunning(Pump);
            return;
        }

        _isPumping = true;
        while (IsLoaded && !IsOver && !IsMoving && !IsHeld && (isReentrant || ActiveHandlers == 0))
        {
            var admitted = _queue.FindIndex(request => !request.IsRoot || !IsGateClosed);
            if (admitted < 0)
            {
                break;
            }

            var request = _queue[admitted];
            _queue.RemoveAt(admitted);
            if (request.IsCancelled)
            {
                continue;
            }

            var run = new HandlerRun(this, request);
            _running.Add(run);
            if (!TryStart(run))
            {
                _running.Remove(run);
                continue;
            }

            if (request.Call is { } call)
            {
                call.HasRun = true;
            }

            run.Begin();
        }

        _isPumping = false;
    }

    public void OnHandlerEnded(HandlerRun run)
    {
        _running.Remove(run);
    }

    /// <summary>The turn is over; a quiescent instant is used before anything else is admitted (SPEC K17).</summary>
    public virtual void EndTurn() => Pump();

    protected virtual bool IsDroppedAtArrival(Request request) => false;

    /// <summary>A message is received when its handler starts, not when it waits. False if it is dropped instead.</summary>
    protected virtual bool TryStart(HandlerRun run) => true;

    public virtual void OnTurn(HandlerRun run)
    {
    }

    public abstract (IReadOnlyList<MessageStamp> Stamps, ExactSet Carries) StampRequest(HandlerRun run, int message, string target);

    /// <summary>Null if it turns out only now that the call comes from undone work.</summary>
    public abstract Response? Respond(HandlerRun run, CallRecord call);

    /// <summary>False if the answer is dropped: the call is lost then.</summary>
    public abstract bool OnResponse(HandlerRun run, Response response);

    /// <summary>A call of this handler ended with the loss of its callee.</summary>
    public abstract void OnCallLost(HandlerRun run);
}

/// <summary>A call that has not ended, and the activation to which it was sent.</summary>
internal sealed class OutgoingCall(SimulatedActor callee, Action<CallEnd> fail)
{
    public SimulatedActor Callee => callee;

    public void Fail(CallEnd end) => fail(end);
}
