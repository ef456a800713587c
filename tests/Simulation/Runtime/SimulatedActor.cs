using Checkpointing.Protocol.Labels;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// What the actor runtime does for one actor: a queue, turns, and exclusion unless the actor is reentrant. With a closed gate roots wait in
/// their order and nested calls pass them (SPEC D6, with H = 0 as in K20).
/// </summary>
internal abstract class SimulatedActor(SimulatedCluster cluster, string name, bool isReentrant)
{
    private readonly List<Request> _queue = [];
    private bool _isPumping;

    public SimulatedCluster Cluster => cluster;

    public string Name => name;

    public bool IsReentrant => isReentrant;

    public virtual bool IsCheckpointed => false;

    /// <summary>Which activation this is; whatever belongs to an earlier one is dead.</summary>
    public int LifeNumber { get; protected set; }

    public int ActiveHandlers { get; private set; }

    public int OutstandingCalls { get; set; }

    public int QueueLength => _queue.Count;

    protected virtual bool IsLoaded => true;

    protected virtual bool IsGateClosed => false;

    public void Deliver(Request request)
    {
        _queue.Add(request);
        Pump();
    }

    /// <summary>Admits what may start now.</summary>
    public void Pump()
    {
        if (_isPumping)
        {
            return;
        }

        _isPumping = true;
        while (IsLoaded && (isReentrant || ActiveHandlers == 0))
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

            ActiveHandlers++;
            var run = new HandlerRun(this, request);
            OnStarting(run);
            run.Begin();
        }

        _isPumping = false;
    }

    public void OnHandlerEnded(HandlerRun run)
    {
        OnEnding(run);
        ActiveHandlers--;
    }

    /// <summary>The turn is over; a quiescent instant is used before anything else is admitted (SPEC K17).</summary>
    public virtual void EndTurn() => Pump();

    /// <summary>A message is received when its handler starts, not when it waits.</summary>
    protected virtual void OnStarting(HandlerRun run)
    {
    }

    public virtual void OnTurn(HandlerRun run)
    {
    }

    protected virtual void OnEnding(HandlerRun run)
    {
    }

    public abstract (IReadOnlyList<MessageStamp> Stamps, ExactSet Carries) StampRequest(HandlerRun run, int message, string target);

    public abstract Response Respond(HandlerRun run, CallRecord call);

    public abstract void OnResponse(HandlerRun run, Response response);

    /// <summary>All that was in memory is gone.</summary>
    protected void LoseEverything(bool keepQueue)
    {
        LifeNumber++;
        ActiveHandlers = 0;
        OutstandingCalls = 0;
        if (!keepQueue)
        {
            _queue.Clear();
        }
    }
}
