using Checkpointing.Protocol.Labels;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>One execution of a request: a sequence of turns, each atomic.</summary>
internal sealed class HandlerRun(SimulatedActor actor, Request request)
{
    private int _next;
    private int _awaited;
    private bool _hasEnded;

    public Request Request => request;

    /// <summary>Relays: the union of the stamps received in this call (SPEC K5).</summary>
    public List<MessageStamp> Stamps { get; } = [.. request.Stamps];

    /// <summary>For the checkers only: what the stamps stand for, exactly.</summary>
    public ExactSet Carries { get; } = request.Carries.Copy();

    /// <summary>Relays: a call of theirs was lost, which they say in their answer (SPEC K30).</summary>
    public bool HasLostCall { get; set; }

    /// <summary>A read-only call that found its actor unchanged; whether it leaves a trace is known at its end (SPEC K6).</summary>
    public bool MayLeaveNoTrace { get; set; }

    public void Begin() => actor.Cluster.Time.After(actor.Cluster.Random.Between(0, 3), NextTurn);

    private void NextTurn()
    {
        if (actor.IsOver)
        {
            return;
        }

        actor.OnTurn(this);
        while (_next < request.Plan.Steps.Count)
        {
            switch (request.Plan.Steps[_next++])
            {
                case Work work:
                    actor.Cluster.Time.After(work.Milliseconds, NextTurn);
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
        _hasEnded = true;
        actor.OnHandlerEnded(this);
        if (request.Call is { } call)
        {
            var response = actor.Respond(this, call);
            request.OnResponse(response);
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
        var cluster = actor.Cluster;
        var id = cluster.NewId();
        var (stamps, carries) = actor.StampRequest(this, id, plan.Target);
        var call = new CallRecord
        {
            Request = id,
            Caller = actor.IsCheckpointed ? actor.Name : null,
            Callee = plan.Target,
            IsAwaited = isAwaited,
            Through = actor.IsCheckpointed ? null : request.Call,
        };
        cluster.Calls.Add(call);
        actor.OutstandingCalls++;
        var callee = cluster.Route(actor.Silo, plan.Target);
        OutgoingCall outgoing = null!;
        outgoing = new OutgoingCall(callee, end => OnFailed(call, outgoing, end, isAwaited));
        actor.Started(outgoing);
        var message = new Request
        {
            Id = id,
            Call = call,
            From = actor.Name,
            IsRoot = false,
            WantsLabel = true,
            Stamps = stamps,
            Carries = carries,
            Plan = plan,
            Chain = actor.IsCheckpointed ? [.. request.Chain, actor.Name] : request.Chain,
            OnResponse = response => cluster.Network.Send(() => OnResponse(call, outgoing, response, isAwaited)),
            OnFailed = end => cluster.Network.Send(() => OnFailed(call, outgoing, end, isAwaited)),
        };
        cluster.Trace.Line($"{actor.Name} -> {plan.Target}: m{id} {(plan.IsReadOnly ? "read" : "call")} [{Text(stamps)}]");
        cluster.Network.Send(message, callee);
        cluster.Time.After(timeout, () => OnTimeout(message, call, outgoing, isAwaited));
    }

    private void OnResponse(CallRecord call, OutgoingCall outgoing, Response response, bool isAwaited)
    {
        if (actor.IsOver || call.End != CallEnd.Pending)
        {
            // A late reply is dropped by the runtime: it is not a receipt.
            return;
        }

        if (!actor.OnResponse(this, response))
        {
            OnFailed(call, outgoing, CallEnd.Lost, isAwaited);
            return;
        }

        call.End = CallEnd.Completed;
        call.LostInTime = response.LostExactly && (actor.IsCheckpointed || !_hasEnded);
        actor.Ended(outgoing);
        actor.Cluster.Trace.Line($"{actor.Name} <- {call.Callee}: m{call.Response} answers m{call.Request} [{Text(response.Stamps)}]");
        Finish(isAwaited);
    }

    private void OnFailed(CallRecord call, OutgoingCall outgoing, CallEnd end, bool isAwaited)
    {
        if (actor.IsOver || call.End != CallEnd.Pending)
        {
            return;
        }

        call.End = end;
        actor.Ended(outgoing);
        actor.Cluster.Trace.Line($"{actor.Name}: m{call.Request} to {call.Callee} is {(end == CallEnd.Lost ? "lost" : "refused")}");
        if (end == CallEnd.Lost)
        {
            call.LostInTime = actor.IsCheckpointed || !_hasEnded;
            actor.OnCallLost(this);
        }

        Finish(isAwaited);
    }

    private void OnTimeout(Request message, CallRecord call, OutgoingCall outgoing, bool isAwaited)
    {
        if (actor.IsOver || call.End != CallEnd.Pending)
        {
            return;
        }

        call.End = CallEnd.TimedOut;
        actor.Ended(outgoing);
        actor.Cluster.Trace.Line($"{actor.Name} gives up m{call.Request}");
        // The runtime drops some expired requests that still wait in a queue; others run later.
        message.IsCancelled = actor.Cluster.Random.Chance(0.5);
        Finish(isAwaited);
    }

    private void Finish(bool isAwaited)
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
        cluster.RequestCheckpoint([cluster.Random.Pick(cluster.Participants).Name], awaitedBy, _ => NextTurn());
    }

    private static string Text(IReadOnlyList<MessageStamp> stamps) => string.Join(' ', stamps);
}
