using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// The coordinator's part in one rollback that was asked for. It finds out who would have to roll back, by ends of lives that are no facts; lets all
/// of them drain and stand still; and if everybody is willing has the first one get ready. That one step decides. Nothing of this is stored.
/// </summary>
/// <param name="request">Which request.</param>
/// <param name="initiator">Whose rollback was asked for.</param>
/// <param name="isDryRun">Only who would roll back is wanted.</param>
/// <param name="epoch">That of the coordinator.</param>
/// <param name="patience">RB-21: so often the word that decides is said again.</param>
internal sealed class RequestedRollback(Guid request, ParticipantId initiator, bool isDryRun, long epoch, int patience)
{
    private readonly Dictionary<Life, Member> _members = [];
    private readonly HashSet<SiloId> _silos = [];
    private readonly HashSet<SiloId> _tested = [];
    private readonly ImmutableArray<RollbackEffect>.Builder _effects = ImmutableArray.CreateBuilder<RollbackEffect>();
    private Life? _first;
    private Guid _vote;
    private bool _isPauseOver;
    private int _saidAgain;
    private int _wave;

    public Guid Request => request;

    public RequestedRollbackStep Step { get; private set; }

    public bool IsDryRun => isDryRun;

    /// <summary>The life whose rollback was asked for, once it is known.</summary>
    public Life? First => _first;

    public bool IsOver => Step == RequestedRollbackStep.Over;

    /// <summary>RB-18: rounds are at rest, and no orphan is known. Whoever is asked closes its gate, and rounds wait for a dry run too, so from now on time is short.</summary>
    public ImmutableArray<RollbackEffect> Begin(IEnumerable<SiloId> silos)
    {
        _silos.UnionWith(silos);
        Step = RequestedRollbackStep.Drain;
        _effects.Add(new BoundPause(request));
        AskFirst();
        return Advance();
    }

    public ImmutableArray<RollbackEffect> OnSilos(IReadOnlyCollection<SiloId> alive)
    {
        _silos.IntersectWith(alive);
        foreach (var silo in alive)
        {
            if (_silos.Add(silo) && Step is not (RequestedRollbackStep.AwaitRounds or RequestedRollbackStep.Over) && _wave > 0)
            {
                Test(silo);
            }
        }

        return Advance();
    }

    public ImmutableArray<RollbackEffect> OnMessage(ToRollbackCoordinator message)
    {
        switch (message)
        {
            case WouldRollBack would when would.Request == request:
                OnWouldRollBack(would);
                break;
            case HeldForRollBack held when held.Request == request && _members.TryGetValue(held.Life, out var member):
                _members[held.Life] = member with { IsHeld = true };
                break;
            case CannotRollBack cannot when cannot.Request == request && Step < RequestedRollbackStep.Commit:
                End(cannot.Reason, cannot.Life);
                break;
            case CannotRollBack cannot when cannot.Request == request && Step == RequestedRollbackStep.Commit && cannot.Life.Equals(_first) && cannot.Vote == _vote:
                // RB-16: not a stale one, of before it was asked again.
                OnFirstCannot(cannot);
                break;
            case EndsTested tested when tested.Request == request && tested.Wave == _wave:
                OnTested(tested);
                break;
        }

        return Advance();
    }

    /// <summary>It has happened: from here on it is the rollback of orphans.</summary>
    public ImmutableArray<RollbackEffect> OnReady(Life life)
    {
        if (Step is RequestedRollbackStep.Commit && life.Equals(_first))
        {
            Step = RequestedRollbackStep.RollBack;
            _effects.Add(new RollbackRequestEnded(request, Outcome(true, null, null)));
        }

        return Advance();
    }

    /// <summary>The set of orphans with the first one in it rolls back, or that one was lost meanwhile: whoever is still held goes on.</summary>
    public ImmutableArray<RollbackEffect> OnClosed()
    {
        Release();
        return Advance();
    }

    /// <summary>RB-18: a rollback of orphans comes first. After the word to get ready it is too late to call it off.</summary>
    public ImmutableArray<RollbackEffect> OnForced() => Abandon(WhyNotRolledBack.ForcedRollback);

    /// <summary>The time for which gates may be closed, or rounds kept waiting, is over.</summary>
    public ImmutableArray<RollbackEffect> OnPauseDue()
    {
        _isPauseOver = true;
        var silent = _first is null ? Anybody : _members.FirstOrDefault(static member => member.Value.Answer is null).Key;
        return silent is not null || !_silos.IsSubsetOf(_tested) ? Abandon(WhyNotRolledBack.NoAnswer, silent) : Abandon(WhyNotRolledBack.TooBusy);
    }

    /// <summary>The coordinator stops. Before the word to get ready, everybody goes on at once, and need not wait for its silence.</summary>
    public ImmutableArray<RollbackEffect> OnStop()
    {
        if (Step is > RequestedRollbackStep.AwaitRounds and < RequestedRollbackStep.Commit)
        {
            TellAllToGoOn();
            Step = RequestedRollbackStep.Over;
        }

        return Advance();
    }

    /// <summary>Says again whatever has not been answered, and to all others that it is still there.</summary>
    public ImmutableArray<RollbackEffect> OnResendDue()
    {
        if (Step is RequestedRollbackStep.Drain && _first is null)
        {
            AskFirst();
        }

        if (Step is RequestedRollbackStep.Drain or RequestedRollbackStep.Verify)
        {
            foreach (var silo in _silos.Except(_tested).Where(_ => _wave > 0))
            {
                Test(silo);
            }
        }

        if (Step == RequestedRollbackStep.Commit)
        {
            if (++_saidAgain > patience)
            {
                // RB-21: it may never start again. Or it has obeyed, and cannot say so: then it is an orphan like any other, of whom a coordinator hears sooner or later.
                End(WhyNotRolledBack.Unknown, _first);
                return Advance();
            }

            Tell(new RollBackAsAsked(request, _first!, _vote));
        }

        // To those too that have answered: they must not take the silence for the end of the coordinator. But if the first one does not hear the word, nobody is held for longer than the pause may be.
        foreach (var (life, member) in _members)
        {
            if (Step == RequestedRollbackStep.Drain && !member.IsHeld)
            {
                Tell(new AskToRollBack(request, life, isDryRun));
            }
            else if (!isDryRun && Step is >= RequestedRollbackStep.Drain and <= RequestedRollbackStep.Commit && !_isPauseOver)
            {
                Tell(new HoldForRollBack(request, life));
            }
        }

        return Advance();
    }

    private void OnWouldRollBack(WouldRollBack would)
    {
        var life = would.End.Life;
        if (IsOver || (!_members.ContainsKey(life) && (_first is not null || life.Participant != initiator)))
        {
            return;
        }

        _first ??= life;
        var known = _members.GetValueOrDefault(life) ?? new Member(null, null, false);
        var isNew = known.Answer is null;
        if (isNew || would.IsDrained)
        {
            _members[life] = known with { Answer = would };
        }

        if (isNew)
        {
            TestAll();
        }
    }

    /// <summary>RB-17: only the first one knows. If its life is over it has got ready before, or was lost; either comes to the same.</summary>
    private void OnFirstCannot(CannotRollBack cannot)
    {
        if (cannot.Reason == WhyNotRolledBack.LifeOver)
        {
            _effects.Add(new RollbackRequestEnded(request, Outcome(true, null, null)));
            Release();
        }
        else
        {
            End(cannot.Reason, cannot.Life);
        }
    }

    private void OnTested(EndsTested tested)
    {
        if (Step is not (RequestedRollbackStep.Drain or RequestedRollbackStep.Verify))
        {
            return;
        }

        _tested.Add(tested.Silo);
        foreach (var orphan in tested.Orphans)
        {
            if (_members.TryAdd(orphan.Life, new Member(orphan, null, false)))
            {
                Tell(new AskToRollBack(request, orphan.Life, isDryRun));
                Step = RequestedRollbackStep.Drain;
            }
        }
    }

    /// <summary>RB-15: from drained to held to tested once more, and only then to the word that decides.</summary>
    private ImmutableArray<RollbackEffect> Advance()
    {
        var allTested = _first is not null && _silos.IsSubsetOf(_tested);
        switch (Step)
        {
            case RequestedRollbackStep.Drain when allTested && _members.Values.All(member => member.Answer?.IsDrained == true):
                if (isDryRun)
                {
                    Step = RequestedRollbackStep.Over;
                    _effects.Add(new RollbackRequestEnded(request, Outcome(true, null, null)));
                    _effects.Add(new ResumeRounds());
                    break;
                }

                Step = RequestedRollbackStep.Hold;
                foreach (var (life, _) in _members.Where(member => !member.Value.IsHeld))
                {
                    Tell(new HoldForRollBack(request, life));
                }

                break;
            case RequestedRollbackStep.Hold when _members.Values.All(member => member.IsHeld):
                Step = RequestedRollbackStep.Verify;
                TestAll();
                break;
            case RequestedRollbackStep.Verify when allTested:
                Step = RequestedRollbackStep.Commit;
                _vote = _members[_first!].Answer!.Vote;
                Tell(new RollBackAsAsked(request, _first!, _vote));
                break;
        }

        var effects = _effects.ToImmutable();
        _effects.Clear();
        return effects;
    }

    private ImmutableArray<RollbackEffect> Abandon(WhyNotRolledBack reason, Life? refused = null)
    {
        if (Step < RequestedRollbackStep.Commit)
        {
            End(reason, refused);
        }

        return Advance();
    }

    private void End(WhyNotRolledBack reason, Life? refused)
    {
        _effects.Add(new RollbackRequestEnded(request, Outcome(false, reason, refused)));
        Release();
    }

    private void Release()
    {
        Step = RequestedRollbackStep.Over;
        TellAllToGoOn();
        _effects.Add(new ResumeRounds());
    }

    private void TellAllToGoOn()
    {
        foreach (var life in _members.Keys)
        {
            Tell(new DoNotRollBack(request, life));
        }

        if (_first is null && !isDryRun)
        {
            Tell(new DoNotRollBack(request, Anybody));
        }
    }

    private RequestedRollbackOutcome Outcome(bool isDecided, WhyNotRolledBack? reason, Life? refused) => new(
        isDecided,
        [.. _members.Where(member => member.Value.Answer is not null).OrderByDescending(member => member.Key.Equals(_first)).Select(member => member.Value).Select(member => new RollbackMember(member.Answer!.End, member.Answer.LastLabel, member.Answer.CallsUndone, member.Reason))],
        reason,
        refused);

    private Life Anybody => new(initiator, Incarnation.None);

    private void AskFirst() => Tell(new AskToRollBack(request, Anybody, isDryRun));

    private void TestAll()
    {
        _wave++;
        _tested.Clear();
        foreach (var silo in _silos)
        {
            Test(silo);
        }
    }

    private void Test(SiloId silo) => _effects.Add(new TellAgentToTest(
        silo, new TestEnds(request, epoch, _wave, [.. _members.Values.Where(member => member.Answer is not null).Select(member => member.Answer!.End)])));

    private void Tell(ToRollbackParticipant message) => _effects.Add(new TellParticipant(message.Life.Participant, message));

    private sealed record Member(WouldBeOrphan? Reason, WouldRollBack? Answer, bool IsHeld);
}

/// <summary>What a rollback that was asked for waits for.</summary>
internal enum RequestedRollbackStep
{
    AwaitRounds,

    /// <summary>Members are found, and drain.</summary>
    Drain,

    /// <summary>All have drained; they come to a standstill.</summary>
    Hold,

    /// <summary>All stand still; silos look once more.</summary>
    Verify,

    /// <summary>The first one is told to get ready. It may have happened.</summary>
    Commit,

    /// <summary>It has happened.</summary>
    RollBack,
    Over,
}
