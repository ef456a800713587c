using Checkpointing.Protocol.Labels;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>One execution of a request: a sequence of turns, each atomic.</summary>
internal sealed class HandlerRun(SimulatedActor actor, Request request)
{
    private int _next;
    private readonly List<TwoWayCall> _calls = [];
    private int _awaited;
    private bool _endsEarly;

    public Request Request => request;

    public bool HasEnded { get; private set; }

    /// <summary>Relays: the union of the stamps received in this call (SPEC K5).</summary>
    public List<MessageStamp> Stamps { get; } = [.. request.Stamps];

    /// <summary>For the checkers only: what the stamps stand for, exactly.</summary>
    public ExactSet Carries { get; } = request.Carries.Copy();

    /// <summary>Relays: a call of theirs was lost, which they say in their answer (SPEC K30).</summary>
    public bool HasLostCall { get; set; }

    /// <summary>A read-only call that found its actor unchanged; whether it leaves a trace is known at its end (SPEC K6).</summary>
    public bool MayLeaveNoTrace { get; set; }

    public void Begin()
    {
        request.Run = this;
        actor.Silo.Process.After(actor.Cluster.Random.Between(0, 3), NextTurn);
    }

    /// <summary>Its code heeds the cancellation: it cancels what it awaits, does nothing more, and ends with an error that nobody waits for.</summary>
    public void Cancel()
    {
        if (!HasEnded && !actor.IsOver)
        {
            _endsEarly = true;
            _calls.ForEach(static call => call.Cancel());
        }
    }

    private void NextTurn()
    {
        if (actor.IsOver)
        {
            return;
        }

        actor.OnTurn(this);
        while (!_endsEarly && _next < request.Plan.Steps.Count)
        {
            switch (request.Plan.Steps[_next++])
            {
                case Work work:
                    actor.Silo.Process.After(work.Milliseconds, NextTurn);
                    actor.EndTurn();
                    return;
                case Await calls:
                    foreach (var call in calls.Calls)
                    {
                        _awaited++;
                        Call(call, calls.TimeoutMilliseconds, isAwaited: true);
                    }

                    actor.EndTurn();
                    return;
                case Forget forget:
                    Call(forget.Call, forget.TimeoutMilliseconds, isAwaited: false);
                    break;
                case SendOneWay oneWay:
                    SendOneWay(oneWay.Call);
                    break;
                case PingBack when request.From is { } sender && !actor.Cluster.WorkloadIsStopped:
                    SendOneWay(new CallPlan(sender, false, request.Plan.Steps));
                    break;
                case AwaitCheckpoint:
                    AskForCheckpoint();
                    actor.EndTurn();
                    return;
            }
        }

        End();
    }

    private void End()
    {
        HasEnded = true;
        actor.OnHandlerEnded(this);
        if (request.Call is { } call)
        {
            if (actor.Respond(this, call) is { } response)
            {
                request.OnResponse(response);
            }
            else
            {
                request.OnFailed(CallEnd.Lost);
            }
        }

        actor.EndTurn();
    }

    private void SendOneWay(CallPlan plan)
    {
        var id = actor.Cluster.NewId();
        var (stamps, carries) = actor.StampRequest(this, id, plan.Target);
        actor.Cluster.Trace.Line($"{actor.Name} -> {plan.Target}: m{id} one-way [{Text(stamps)}]");
        actor.Cluster.Network.Send(actor, new Request
        {
            Id = id,
            Call = null,
            From = actor.Name,
            IsRoot = true,
            WantsLabel = false,
            Stamps = stamps,
            Carries = carries,
            Plan = plan,
            Chain = [],
            OnResponse = static _ => { },
            OnFailed = static _ => { },
        });
    }

    private void Call(CallPlan plan, int timeout, bool isAwaited)
    {
        var id = actor.Cluster.NewId();
        var (stamps, carries) = actor.StampRequest(this, id, plan.Target);
        var call = new CallRecord
        {
            Request = id,
            Caller = actor.IsCheckpointed ? actor.Name : null,
            Callee = plan.Target,
            IsAwaited = isAwaited,
            Through = actor.IsCheckpointed ? null : request.Call,
        };
        var begun = new TwoWayCall(actor, this, plan, call, stamps, carries);
        _calls.Add(begun);
        begun.Begin(timeout);
    }

    public void OnCallEnded(bool isAwaited)
    {
        actor.OutstandingCalls--;
        if (isAwaited && --_awaited == 0)
        {
            NextTurn();
        }
        else
        {
            actor.EndTurn();
        }
    }

    private void AskForCheckpoint()
    {
        var cluster = actor.Cluster;
        IReadOnlyList<string> awaitedBy = actor.IsCheckpointed ? [.. request.Chain, actor.Name] : request.Chain;
        cluster.RequestCheckpoint([cluster.Random.Pick(cluster.Participants).Name], awaitedBy, _ => actor.Silo.Process.WhenRunning(NextTurn));
    }

    private static string Text(IReadOnlyList<MessageStamp> stamps) => string.Join(' ', stamps);
}
