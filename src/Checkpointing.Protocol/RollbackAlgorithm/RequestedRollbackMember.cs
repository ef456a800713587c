using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// One participant in a rollback that somebody has asked for: it drains, stands still, and goes on if it hears no, or nothing. Only the one whose
/// rollback was asked for is ever told yes; what follows is the rollback of orphans.
/// </summary>
/// <param name="ledger">What this life remembers of its messages.</param>
/// <param name="checkpoint">The part of this life in rounds.</param>
/// <param name="forced">The part of this life in rollbacks of orphans.</param>
/// <param name="undone">What its silo knows of ended lives.</param>
/// <param name="newVote">Names a yes like no other before.</param>
internal sealed class RequestedRollbackMember(Ledger ledger, CheckpointParticipant checkpoint, RollbackParticipant forced, UndoneLabels undone, Func<Guid> newVote)
{
    private Guid _request;
    private bool _holdAsked;
    private (Guid Request, WhyNotRolledBack Reason) _refused;

    public RequestedRollbackPhase Phase { get; private set; }

    /// <summary>Which request it takes part in, or did last.</summary>
    public Guid Request => _request;

    /// <summary>Its yes to that request.</summary>
    public Guid Vote { get; private set; }

    /// <summary>Roots wait; nested calls pass unless it is held.</summary>
    public bool IsGateClosed => Phase != RequestedRollbackPhase.None;

    /// <summary>Everything waits.</summary>
    public bool IsHeld => Phase == RequestedRollbackPhase.Held;

    private Life Self => ledger.Life;

    /// <summary>RB-15: a participant votes when it is asked, drains behind its gate, and takes part in no round until it hears more.</summary>
    public ImmutableArray<ParticipantEffect> OnAskToRollBack(AskToRollBack ask, bool willing, bool quiescent)
    {
        if (!ask.Life.Incarnation.IsNone && !ask.Life.Equals(Self))
        {
            return Cannot(ask.Request, ask.Life, WhyNotRolledBack.LifeOver);
        }

        if (HasGotReady(ask.Request))
        {
            return forced.OnSilence();
        }

        if (ask.Request == _refused.Request)
        {
            return Cannot(ask.Request, Self, _refused.Reason);
        }

        if (forced.Phase != RollbackPhase.Running || ledger.IsOrphan(undone))
        {
            return Refuse(ask.Request, WhyNotRolledBack.ForcedRollback);
        }

        if (ask.IsDryRun)
        {
            return [Send(Answer(ask.Request, isDrained: true) with { Vote = Guid.Empty })];
        }

        if (IsGateClosed && ask.Request == _request)
        {
            return [Send(Answer(_request, isDrained: Phase != RequestedRollbackPhase.Draining))];
        }

        if (IsGateClosed || checkpoint.Phase != ParticipantPhase.Idle)
        {
            // C6: one request at a time, whoever coordinates it. RB-2: a decision may still move its mark. They ask again.
            return [];
        }

        if (!willing)
        {
            return Refuse(ask.Request, WhyNotRolledBack.Unwilling);
        }

        _request = ask.Request;
        Vote = newVote();
        _holdAsked = false;
        Phase = quiescent ? RequestedRollbackPhase.Drained : RequestedRollbackPhase.Draining;
        checkpoint.OnPrepareToRollBack();
        ImmutableArray<ParticipantEffect> effects = [new CloseGate(), Send(Answer(_request, quiescent))];
        return quiescent ? effects : effects.Add(new AwaitQuiescence());
    }

    /// <summary>No handler is active and no call is outstanding. Called in the very turn that ended the last one.</summary>
    public ImmutableArray<ParticipantEffect> OnQuiescent()
    {
        var effects = ImmutableArray<ParticipantEffect>.Empty;
        if (Phase == RequestedRollbackPhase.Draining)
        {
            Phase = RequestedRollbackPhase.Drained;
            effects = [Send(Answer(_request, isDrained: true))];
        }

        return _holdAsked && Phase == RequestedRollbackPhase.Drained ? effects.AddRange(Hold()) : effects;
    }

    /// <summary>RB-15: when all have drained, all stand still; earlier, one that does could be waited for by one that drains.</summary>
    public ImmutableArray<ParticipantEffect> OnHoldForRollBack(HoldForRollBack hold, bool quiescent)
    {
        if (HasGotReady(hold.Request))
        {
            return forced.OnSilence();
        }

        if (!IsIn(hold.Request, hold.Life))
        {
            return NotIn(hold.Request, hold.Life);
        }

        if (IsHeld)
        {
            return [Send(new HeldForRollBack(_request, Self))];
        }

        if (quiescent && Phase == RequestedRollbackPhase.Drained)
        {
            return Hold();
        }

        _holdAsked = true;
        return [new AwaitQuiescence()];
    }

    /// <summary>RB-16: "do not roll back" leaves no trace.</summary>
    public ImmutableArray<ParticipantEffect> OnDoNotRollBack(DoNotRollBack doNot) => IsGateClosed && doNot.Request == _request ? GoOn() : [];

    /// <summary>
    /// RB-16: nobody waits for a coordinator that is gone. Without a yes nothing has happened, so it goes on. Messages about other requests do not
    /// break the silence.
    /// </summary>
    public ImmutableArray<ParticipantEffect> OnSilence() => IsGateClosed ? GoOn() : [];

    /// <summary>RB-17: the one step that decides: before it nothing has happened, after it this life is over, and whoever depends on it is an orphan.</summary>
    public ImmutableArray<ParticipantEffect> OnRollBackAsAsked(RollBackAsAsked rollBack)
    {
        if (HasGotReady(rollBack.Request))
        {
            return forced.OnSilence();
        }

        if (!IsIn(rollBack.Request, rollBack.Life) || rollBack.Vote != Vote || !IsHeld || forced.Phase != RollbackPhase.Running)
        {
            return NotIn(rollBack.Request, rollBack.Life, rollBack.Vote);
        }

        return forced.OnRollBackAsAsked();
    }

    /// <summary>Then every message of that request, however late, is answered by a yes.</summary>
    private bool HasGotReady(Guid request) => request == _request && forced.Phase == RollbackPhase.Ready;

    private bool IsIn(Guid request, Life life) => IsGateClosed && request == _request && life.Equals(Self);

    private ImmutableArray<ParticipantEffect> Hold()
    {
        Phase = RequestedRollbackPhase.Held;
        return [new HoldAllCalls(), Send(new HeldForRollBack(_request, Self))];
    }

    /// <summary>RB-16: who has said no, or has gone on, stays out of that request, as far as this silo remembers it: nobody is held for nothing.</summary>
    private ImmutableArray<ParticipantEffect> Refuse(Guid request, WhyNotRolledBack reason)
    {
        _refused = (request, reason);
        return Cannot(request, Self, reason);
    }

    /// <summary>RB-16: whatever it has said yes to, it has gone on since, perhaps on another silo. What it will say yes to is another vote.</summary>
    private ImmutableArray<ParticipantEffect> NotIn(Guid request, Life life, Guid vote = default)
    {
        if (!life.Equals(Self))
        {
            return Cannot(request, life, WhyNotRolledBack.LifeOver, vote);
        }

        ImmutableArray<ParticipantEffect> left = IsGateClosed && request == _request ? GoOn() : [];
        _refused = (request, WhyNotRolledBack.WentOn);
        return left.AddRange(Cannot(request, life, WhyNotRolledBack.WentOn, vote));
    }

    private ImmutableArray<ParticipantEffect> GoOn()
    {
        _refused = (_request, WhyNotRolledBack.WentOn);
        Phase = RequestedRollbackPhase.None;
        _holdAsked = false;
        if (forced.Phase != RollbackPhase.Running)
        {
            // Stopped meanwhile: its gate is of no account any more.
            return [];
        }

        checkpoint.OnNeedNotRollBack();
        return [new OpenGate()];
    }

    private WouldRollBack Answer(Guid request, bool isDrained) => new(request, ledger.EndOf(Self), ledger.LastSequence, ledger.CallsUnsaved, isDrained, Vote);

    private static ImmutableArray<ParticipantEffect> Cannot(Guid request, Life life, WhyNotRolledBack reason, Guid vote = default) => [Send(new CannotRollBack(request, life, reason, vote))];

    private static SendToRollbackCoordinator Send(ToRollbackCoordinator message) => new(message);
}

/// <summary>Where a participant stands in a rollback that was asked for.</summary>
internal enum RequestedRollbackPhase
{
    None,

    /// <summary>Gate closed; running call chains finish.</summary>
    Draining,

    /// <summary>Gate closed; was quiescent at least once. Nested calls still pass.</summary>
    Drained,

    /// <summary>Nothing runs and nothing is admitted.</summary>
    Held,
}
