using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>A two-way call of a handler, from its request to its end. One that was lost may be sent again, under its label (RB-19, RB-20).</summary>
internal sealed class TwoWayCall(SimulatedActor actor, HandlerRun run, CallPlan plan, CallRecord record, IReadOnlyList<MessageStamp> stamps, ExactSet carries)
{
    private const long AskInterval = 20;

    private Request _copy = null!;
    private OutgoingCall? _sent;
    private bool _mayHaveArrived;
    private int _copies;

    private SimulatedCluster Cluster => actor.Cluster;

    private bool IsPending => !actor.IsOver && record.End == CallEnd.Pending;

    public void Begin(int timeout)
    {
        Cluster.Calls.Add(record);
        actor.OutstandingCalls++;
        Send();
        Cluster.Trace.Line($"{actor.Name} -> {plan.Target}: m{record.Request} {(plan.IsReadOnly ? "read" : "call")} [{string.Join(' ', stamps)}]");
        actor.Silo.Process.After(timeout, OnTimeout);
        if (Cluster.Random.Chance(Cluster.Settings.Cancellation))
        {
            actor.Silo.Process.After(Cluster.Random.Between(1, timeout), Cancel);
        }
    }

    /// <summary>The caller gives it up at once, and its callee hears of that in time; the code of the callee may heed it or not.</summary>
    public void Cancel()
    {
        if (IsPending)
        {
            Cluster.CallsCancelled++;
            var (copy, callee) = (_copy, Cluster.RouteCall(actor.Silo, plan.Target));
            var isHeeded = Cluster.Random.Chance(0.5);
            Cluster.Network.Send(actor.Silo, callee.Silo, () =>
            {
                copy.IsCancelled = true;
                if (isHeeded)
                {
                    copy.Run?.Cancel();
                }
            });
            GiveUp(CallEnd.Cancelled);
        }
    }

    private void Send()
    {
        _copies++;
        var callee = Cluster.RouteCall(actor.Silo, plan.Target);
        OutgoingCall sent = null!;
        sent = new OutgoingCall(callee, end => OnFailed(sent, end));
        _sent = sent;
        actor.Started(sent);
        _copy = new Request
        {
            Id = record.Request,
            Call = record,
            From = actor.Name,
            IsRoot = false,
            WantsLabel = true,
            Stamps = stamps,
            Carries = carries,
            Plan = plan,
            Chain = actor.IsCheckpointed ? [.. run.Request.Chain, actor.Name] : run.Request.Chain,
            SentUnder = MaySendAgain(callee) ? actor.Silo.Line : CallCutOff.Unchecked,
            MayHaveArrived = _mayHaveArrived && Cluster.Mutation != Mutation.ArrivedCopiesNotNoticed,
            OnResponse = response => Cluster.Network.Send(callee.Silo, actor.Silo, () => OnResponse(sent, response)),
            OnFailed = end => Cluster.Network.Send(callee.Silo, actor.Silo, () => OnFailed(sent, end)),
        };
        if (_copies > 1 && (Cluster.Network.PassingOn is not null || Cluster.Random.Chance(0.2)))
        {
            // It is looked up anew where the callee is now, which takes time after a loss.
            Cluster.Network.PassOn(_copy, actor.Silo, plan.Target);
        }
        else if (!Cluster.Connections.Catches(actor.Silo, callee, _copy, () => OnFailed(sent, CallEnd.Unsure)))
        {
            Cluster.Network.Send(actor.Silo, callee, _copy);
        }
    }

    /// <summary>Its caller takes no checkpoint while it waits. Nobody knows whether the caller of a relay still does.</summary>
    private bool MaySendAgain(SimulatedActor callee) => (actor.IsCheckpointed || Cluster.Mutation == Mutation.RelaysSendAgain) && stamps.Count > 0 && callee.IsCheckpointed;

    private void OnResponse(OutgoingCall sent, Response response)
    {
        if (!IsPending || sent != _sent)
        {
            // A late reply is dropped by the runtime: it is not a receipt.
            return;
        }

        if (!actor.OnResponse(run, response))
        {
            OnFailed(sent, CallEnd.Undone);
            return;
        }

        (record.Response, record.LeftNoTrace) = (response.Id, response.LeavesNoTrace);
        record.LostInTime = response.LostExactly && (actor.IsCheckpointed || !run.HasEnded);
        Cluster.Trace.Line($"{actor.Name} <- {record.Callee}: m{record.Response} answers m{record.Request} [{string.Join(' ', response.Stamps)}]");
        End(CallEnd.Completed);
    }

    private void OnFailed(OutgoingCall sent, CallEnd end)
    {
        if (!IsPending || sent != _sent)
        {
            return;
        }

        Cluster.Trace.Line($"{actor.Name}: m{record.Request} to {record.Callee} ends: {end}");
        actor.Silo.CutOff.Raise(sent == _sent ? _copy.RefusedUnder : 0);
        switch (end)
        {
            case CallEnd.Undone when LostCalls.OnUndone(_copy.SentUnder) == LostCall.SendAgain:
            case CallEnd.Refused when _copy.SentUnder != CallCutOff.Unchecked && (_copies > 1 || Cluster.Random.Chance(0.5)):
                Forget(sent);
                SendAgainLater();
                break;
            case CallEnd.Unsure when _copy.SentUnder != CallCutOff.Unchecked && Cluster.Mutation == Mutation.BrokenConnectionsIgnored:
                Forget(sent);
                SendAgainLater();
                break;
            case CallEnd.SiloGone or CallEnd.Unsure when Cluster.Mutation == Mutation.InterruptedCallsLost:
                Lose();
                break;
            case CallEnd.SiloGone or CallEnd.Unsure when LostCalls.OnSiloGone(_copy.SentUnder) == LostCall.CutOffFirst:
                Forget(sent);
                _mayHaveArrived = true;
                new CutOffWave(Cluster, actor.Silo, LostCalls.LineThatStops(_copy.SentUnder, actor.Silo.Line), () => IsPending, SendAgainLater).Begin();
                break;
            case CallEnd.Refused:
                End(end);
                break;
            default:
                Lose();
                break;
        }
    }

    /// <summary>But not before it is known whether the caller itself has received what is undone: its callee would only have to roll back with it.</summary>
    private void SendAgainLater() => actor.Silo.Process.After(Cluster.Random.Between(2, AskInterval), () =>
    {
        if (!IsPending)
        {
            return;
        }

        if (actor is CheckpointedActor caller && caller.Silo.Agent.SuspectsIn(caller.Host.Ledger).Any())
        {
            SendAgainLater();
            return;
        }

        Cluster.Judges.Rollbacks.OnSentAgain(_mayHaveArrived);
        Cluster.Trace.Line($"{actor.Name} -> {plan.Target}: m{record.Request} again{(_mayHaveArrived ? ", perhaps it has arrived" : "")}");
        Send();
    });

    private void OnTimeout()
    {
        if (IsPending)
        {
            // The runtime drops some expired requests that still wait in a queue; others run later.
            _copy.IsCancelled = Cluster.Random.Chance(0.5) && Cluster.Network.PassingOn is null;
            GiveUp(CallEnd.TimedOut);
        }
    }

    private void GiveUp(CallEnd end)
    {
        Cluster.Trace.Line($"{actor.Name} gives up m{record.Request}: {end}");
        if (_mayHaveArrived && _copies > 1 && Cluster.Mutation != Mutation.SecondCopiesGivenUp)
        {
            // One copy may have run, and the other may be on its way.
            Lose();
            return;
        }

        End(end);
    }

    private void Lose()
    {
        record.LostInTime = actor.IsCheckpointed || !run.HasEnded;
        record.IsLostForNothing = record is { LostInTime: true, HasRun: false } && _copy.SentUnder != CallCutOff.Unchecked;
        actor.OnCallLost(run);
        End(CallEnd.Lost);
    }

    private void End(CallEnd end)
    {
        record.End = end;
        if (_sent is not null)
        {
            Forget(_sent);
        }

        run.OnCallEnded(record.IsAwaited);
    }

    /// <summary>Whatever is still heard of this copy is heard no more.</summary>
    private void Forget(OutgoingCall sent)
    {
        actor.Ended(sent);
        _sent = null;
    }
}
