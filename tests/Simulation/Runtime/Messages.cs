using Checkpointing.Protocol.Labels;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>What a handler will do, drawn in advance: the request brings its own program.</summary>
internal sealed record CallPlan(string Target, bool IsReadOnly, IReadOnlyList<PlanStep> Steps);

internal abstract record PlanStep;

/// <summary>A turn of its own, after a while.</summary>
internal sealed record Work(int Milliseconds) : PlanStep;

/// <summary>Awaited calls, all at once; the handler goes on when each has been answered or has timed out.</summary>
internal sealed record Await(IReadOnlyList<CallPlan> Calls, int TimeoutMilliseconds) : PlanStep;

/// <summary>Two-way calls that the handler does not wait for: their answers may come after its end.</summary>
internal sealed record Forget(CallPlan Call, int TimeoutMilliseconds) : PlanStep;

internal sealed record SendOneWay(CallPlan Call) : PlanStep;

/// <summary>A one-way message to whoever sent this one, and so on for ever.</summary>
internal sealed record PingBack : PlanStep;

/// <summary>Asks for a checkpoint of this very actor and waits for the outcome (SPEC K14).</summary>
internal sealed record AwaitCheckpoint : PlanStep;

/// <summary>An application message that starts a handler.</summary>
internal sealed class Request
{
    public required int Id { get; init; }

    /// <summary>Null for a message that nobody waits for.</summary>
    public required CallRecord? Call { get; init; }

    public required string? From { get; init; }

    /// <summary>Clients, timers, one-way messages: activities that start at the receiver.</summary>
    public required bool IsRoot { get; init; }

    public required bool WantsLabel { get; init; }

    public required IReadOnlyList<MessageStamp> Stamps { get; init; }

    /// <summary>For the checkers only: exactly which messages of checkpointed actors speak through this one.</summary>
    public required ExactSet Carries { get; init; }

    public required CallPlan Plan { get; init; }

    /// <summary>The checkpointed actors whose handlers wait for this call, the receiver excluded.</summary>
    public required IReadOnlyList<string> Chain { get; init; }

    public required Action<Response> OnResponse { get; init; }

    public required Action<CallEnd> OnFailed { get; init; }

    /// <summary>Nobody waits for it any more: if it still waits in a queue it is not run.</summary>
    public bool IsCancelled { get; set; }

    /// <summary>The handler that runs it, once one does.</summary>
    public HandlerRun? Run { get; set; }

    /// <summary>RB-20: the line that the sender knew.</summary>
    public long SentUnder { get; init; }

    /// <summary>RB-20: if it was refused as too old, the line of whoever did so.</summary>
    public long RefusedUnder { get; set; }

    /// <summary>RB-20: an earlier copy may have been received.</summary>
    public bool MayHaveArrived { get; init; }
}

/// <param name="Id">For the checkers only.</param>
/// <param name="Stamps">Labels of the answer, or what a relay forwards.</param>
/// <param name="Carries">For the checkers only: what the stamps stand for.</param>
/// <param name="LeavesNoTrace">For the checkers only: the answer of an unchanged actor to a read.</param>
/// <param name="HasLostCall">A relay lost a call that it made for this one.</param>
/// <param name="LostExactly">For the checkers only: whether that is so.</param>
internal sealed record Response(
    int Id, IReadOnlyList<MessageStamp> Stamps, ExactSet Carries, bool LeavesNoTrace = false, bool HasLostCall = false, bool LostExactly = false);

/// <summary>For the checkers only: one two-way call and what became of it.</summary>
internal sealed class CallRecord
{
    public required int Request { get; init; }

    public int Response { get; set; }

    /// <summary>Null: a client or an actor without state and without a checkpointed caller further up.</summary>
    public required string? Caller { get; init; }

    public required string Callee { get; init; }

    /// <summary>Whether the calling handler waits for the answer.</summary>
    public bool IsAwaited { get; init; }

    /// <summary>The call that the relay which makes this one is answering; null when a checkpointed actor or a client makes it.</summary>
    public required CallRecord? Through { get; init; }

    public CallEnd End { get; set; }

    /// <summary>
    /// It, or a call that relays made for it, was lost while the handler that made it still ran, so that its caller, or the answer of a relay, can
    /// know (SPEC K1, K30).
    /// </summary>
    public bool LostInTime { get; set; }

    /// <summary>A copy of it has run, whatever became of that.</summary>
    public bool HasRun { get; set; }

    /// <summary>It was lost although it could have been sent again (RB-19, RB-20) and no copy has run: its caller rolls back for nothing.</summary>
    public bool IsLostForNothing { get; set; }

    /// <summary>Answered by an unchanged callee: it has no half of this call.</summary>
    public bool LeftNoTrace { get; set; }
}

internal enum CallEnd
{
    Pending,
    Completed,
    TimedOut,
    Cancelled,

    /// <summary>The silo to which it was sent is gone. It may have run, and may still run if that silo has passed it on.</summary>
    SiloGone,

    /// <summary>Whoever ran it has rolled back, or its answer is undone.</summary>
    Undone,

    /// <summary>Nobody can tell any more: its caller has lost it.</summary>
    Lost,

    /// <summary>Not run: its callee is about to roll back, or it was sent under too old a membership.</summary>
    Refused,

    /// <summary>The connection broke to which it was being written, between two silos that go on: it was not delivered, or will be, or has been.</summary>
    Unsure,
}
