using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// The coordinator of algorithm R after a loss (SPEC D12.5). It gathers facts about ended lives, has every silo drop the undone labels and
/// look for orphans, makes those get ready, which gives new facts, and so on until nothing is left to ask; only then do all orphans roll back.
/// It keeps nothing in stable storage: who is ready reports again, and facts follow from the slots.
/// </summary>
/// <param name="life">Tells this coordinator's facts from those of others.</param>
/// <param name="epoch">That of the record of decisions, which its first act has raised: the younger coordinator has the higher one.</param>
/// <param name="patience">RB-21: so often everything is said again while somebody is ready, and the word that decides about what was asked for; then those go on who are, or can.</param>
internal sealed class RollbackCoordinator(Guid life, long epoch, int patience)
{
    private readonly FactLog _facts = new();
    private readonly Dictionary<Life, long> _asked = [];
    private readonly Dictionary<Life, OrphanState> _orphans = [];
    private readonly SortedDictionary<SiloId, int> _installed = [];
    private readonly HashSet<SiloId> _notHeard = [];
    private readonly HashSet<SiloId> _notDone = [];
    private readonly Queue<RequestedRollback> _requested = [];
    private readonly ImmutableArray<RollbackEffect>.Builder _effects = ImmutableArray.CreateBuilder<RollbackEffect>();
    private int _saidAgain;

    /// <summary>Whether there is anything to wait for: then <see cref="OnResendDue"/> is to be called now and then.</summary>
    public bool IsBusy => _requested.Count > 0 || _asked.Count > 0 || _orphans.Count > 0 || _notDone.Count > 0 || IsInstalling;

    private bool IsInstalling => _installed.Keys.Any(LagsBehind);

    /// <summary>Those who were told to roll back do not count: one of them may never start again.</summary>
    private bool HasUndecidedOrphans => _orphans.Values.Any(static state => state != OrphanState.Released);

    public RecoveryStep Step =>
        _asked.Count > 0 ? RecoveryStep.AskLives
        : _orphans.ContainsValue(OrphanState.Asked) ? RecoveryStep.Prepare
        : IsInstalling || _notDone.Count > 0 ? RecoveryStep.InstallEnds
        : _orphans.Count > 0 ? RecoveryStep.RollBack
        : RecoveryStep.Idle;

    /// <summary>Whose answer is missing, for a person to read.</summary>
    public string AwaitedAnswers => Step switch
    {
        RecoveryStep.AskLives => $"the end of {Some([.. _asked.Keys])}",
        RecoveryStep.Prepare => $"the stop of {Some([.. LivesThatAre(OrphanState.Asked)])}",
        RecoveryStep.InstallEnds => $"{Some([.. _installed.Keys.Where(MustSayMore)])}, about {_facts.Count} facts",
        RecoveryStep.RollBack => $"the new start of {Some([.. LivesThatAre(OrphanState.Released)])}",
        _ => Requested is { } requested ? $"the rollback {requested.Request}, which somebody has asked for: {requested.Step}" : "nothing",
    };

    /// <summary>The first of those rollbacks that were asked for; one at a time.</summary>
    public RequestedRollback? Requested => _requested.TryPeek(out var requested) ? requested : null;

    /// <summary>Somebody asks for a rollback of this participant to its permanent checkpoint, or wants to know who would roll back with it.</summary>
    public ImmutableArray<RollbackEffect> OnRollBackRequested(Guid request, ParticipantId participant, bool isDryRun)
    {
        _requested.Enqueue(new RequestedRollback(request, participant, isDryRun, epoch, patience));
        if (_requested.Count == 1)
        {
            _effects.Add(new PauseRounds(request));
        }

        return Advance();
    }

    /// <summary>No round runs, and none begins before <see cref="ResumeRounds"/>.</summary>
    public ImmutableArray<RollbackEffect> OnRoundsPaused(Guid request)
    {
        if (Requested is { Step: RequestedRollbackStep.AwaitRounds } requested && requested.Request == request)
        {
            Perform(HasUndecidedOrphans ? requested.OnForced() : requested.Begin(_installed.Keys));
        }

        return Advance();
    }

    public ImmutableArray<RollbackEffect> OnPauseDue(Guid request)
    {
        if (Requested is { } requested && requested.Request == request)
        {
            Perform(requested.OnPauseDue());
        }

        return Advance();
    }

    /// <summary>These silos are alive, as far as is known here. A silo that is new gets all facts; one that is gone is not waited for.</summary>
    public ImmutableArray<RollbackEffect> OnSilos(IReadOnlyCollection<SiloId> alive)
    {
        foreach (var gone in _installed.Keys.Where(silo => !alive.Contains(silo)).ToList())
        {
            _installed.Remove(gone);
            _notHeard.Remove(gone);
            _notDone.Remove(gone);
        }

        foreach (var silo in alive)
        {
            if (_installed.TryAdd(silo, _facts.Forgotten))
            {
                _notHeard.Add(silo);
                Install(silo);
            }
        }

        if (Requested is { } requested)
        {
            Perform(requested.OnSilos(alive));
        }

        return Advance();
    }

    public ImmutableArray<RollbackEffect> OnMessage(ToRollbackCoordinator message)
    {
        switch (message)
        {
            case SuspectsReported reported:
                foreach (var suspect in reported.Suspects)
                {
                    OnSuspect(suspect);
                }

                break;
            case OrphansReported reported:
                OnOrphans(reported.Orphans);
                break;
            case LabelsCount counts:
                if (!counts.Life.Silo.IsUnknown || _asked.GetValueOrDefault(counts.Life) <= counts.LastLabel)
                {
                    // Of a life that is over the larger label that was asked about since may not count.
                    _asked.Remove(counts.Life);
                }

                _effects.AddRange(_installed.Keys.Select(silo => new TellAgentOfCleared(silo, new SuspectsCleared([counts]))));
                break;
            case LifeEnded ended:
                _asked.Remove(ended.End.Life);
                _orphans.Remove(ended.End.Life);
                Learn(ended.End);
                break;
            case ReadyToRollBack ready:
                _asked.Remove(ready.End.Life);
                if (_orphans.GetValueOrDefault(ready.End.Life) != OrphanState.Released)
                {
                    // The first one waits for the others from now on.
                    _saidAgain = _orphans.ContainsValue(OrphanState.Ready) ? _saidAgain : 0;
                    _orphans[ready.End.Life] = OrphanState.Ready;
                }

                Learn(ready.End);
                if (Requested is { } requested)
                {
                    Perform(requested.OnReady(ready.End.Life));
                }

                break;
            case NotAnOrphan not:
                _orphans.Remove(not.Life);
                break;
            case RolledBack rolledBack:
                _orphans.Remove(rolledBack.Life);
                break;
            case EndsInstalled installed when installed.Epoch > epoch:
                return OnRefused(installed.Epoch);
            case EndsInstalled installed:
                OnInstalled(installed);
                break;
            default:
                if (Requested is { } current)
                {
                    Perform(current.OnMessage(message));
                }

                break;
        }

        return Advance();
    }

    /// <summary>Says again whatever has not been answered.</summary>
    public ImmutableArray<RollbackEffect> OnResendDue()
    {
        foreach (var (asked, label) in _asked)
        {
            Tell(new AskLife(asked, label));
        }

        foreach (var (orphan, state) in _orphans)
        {
            if (state != OrphanState.Ready)
            {
                Tell(state == OrphanState.Asked ? new PrepareToRollBack(orphan) : new RollBack(orphan));
            }
        }

        _installed.Keys.Where(MustSayMore).ToList().ForEach(Install);
        _saidAgain = HasUndecidedOrphans ? _saidAgain + 1 : 0;
        if (Requested is { } requested)
        {
            Perform(requested.OnResendDue());
        }

        return Advance();
    }

    /// <summary>RB-23: nobody remembers facts for ever. This coordinator forgets sooner than the silos: so it asks again whatever they ask again.</summary>
    public void ForgetOlder() => _facts.ForgetOlder(_installed.Values, _orphans.ContainsKey);

    /// <summary>
    /// A participant says in a round that a label of its own does not count (CP-3). If it is held to count here, that participant has forgotten the life meanwhile (RB-22).
    /// </summary>
    public ImmutableArray<RollbackEffect> OnUndoneLabel(Suspect undone)
    {
        if (_facts.Counts(undone.Life, undone.LastLabelReceived))
        {
            Ask(undone);
        }
        else
        {
            OnSuspect(undone);
        }

        return Advance();
    }

    /// <summary>RB-24: a silo obeys a coordinator of that epoch.</summary>
    public ImmutableArray<RollbackEffect> OnRefused(long obeyed) => obeyed > epoch ? [new StopOutdated()] : [];

    /// <summary>This life ends. What is asked for and not decided yet is called off; what is decided, and what is lost, the next one finds out.</summary>
    public ImmutableArray<RollbackEffect> OnStop() => Requested?.OnStop() ?? [];

    private void OnSuspect(Suspect suspect)
    {
        if (!_facts.Knows(suspect.Life))
        {
            Ask(suspect);
        }
        else if (_facts.IsOld(suspect.Life))
        {
            _facts.SayAgain(suspect.Life);
            TellAll();
        }
    }

    private void Ask(Suspect suspect)
    {
        if (_asked.TryGetValue(suspect.Life, out var label) && label >= suspect.LastLabelReceived)
        {
            return;
        }

        _asked[suspect.Life] = suspect.LastLabelReceived;
        Tell(new AskLife(suspect.Life, suspect.LastLabelReceived));
    }

    private void OnOrphans(ImmutableArray<Life> orphans)
    {
        foreach (var orphan in orphans)
        {
            if (!_facts.Knows(orphan) && _orphans.TryAdd(orphan, OrphanState.Asked))
            {
                Tell(new PrepareToRollBack(orphan));
            }
        }
    }

    private void OnInstalled(EndsInstalled installed)
    {
        OnOrphans(installed.Orphans);
        foreach (var end in installed.AllEnds ?? [])
        {
            Learn(end);
        }

        if (installed.Coordinator == life && _installed.TryGetValue(installed.Silo, out var position))
        {
            if (installed.Position >= position)
            {
                // No late one, so what it says holds. RB-13: a silo that is not done is asked again.
                _installed[installed.Silo] = installed.Position;
                _ = installed.HasOrphanOnItsWay ? _notDone.Add(installed.Silo) : _notDone.Remove(installed.Silo);
            }

            if (installed.AllEnds is not null)
            {
                _notHeard.Remove(installed.Silo);
            }
        }
    }

    /// <summary>RB-6: every fact goes to every silo.</summary>
    private void Learn(LifeEnd end)
    {
        if (_facts.Learn(end))
        {
            TellAll();
        }
    }

    private void TellAll()
    {
        foreach (var silo in _installed.Keys)
        {
            Tell(silo, _facts.Count - 1);
        }
    }

    private void Install(SiloId silo) => Tell(silo, _installed[silo]);

    private void Tell(SiloId silo, int position) => _effects.Add(new TellAgent(silo, _facts.From(position, life, epoch) with { AsksForAll = _notHeard.Contains(silo) }));

    private bool MustSayMore(SiloId silo) => LagsBehind(silo) || _notDone.Contains(silo);

    private bool LagsBehind(SiloId silo) => _notHeard.Contains(silo) || _installed[silo] < _facts.Count;

    /// <summary>
    /// RB-7: nobody rolls back before all orphans are ready and all silos drop what they have sent: a life that starts earlier could receive
    /// an undone message again, and the rollbacks would never end (SPEC A7). Nor before all silos have said what they know: an earlier coordinator may have found out more (SPEC K27). RB-21: but a grain that cannot start, because its storage is down or its record damaged, must not
    /// keep all others from going on for ever.
    /// </summary>
    private ImmutableArray<RollbackEffect> Advance()
    {
        var isClosed = _asked.Count == 0 && _notDone.Count == 0 && !_orphans.ContainsValue(OrphanState.Asked);
        if ((isClosed || _saidAgain >= patience) && !IsInstalling)
        {
            var ready = LivesThatAre(OrphanState.Ready).ToList();
            if (ready.Count > 0)
            {
                _effects.Add(new RollbackDecided([.. ready.Select(_facts.EndOf)], isClosed ? "" : AwaitedAnswers));
            }

            foreach (var orphan in ready)
            {
                _orphans[orphan] = OrphanState.Released;
                Tell(new RollBack(orphan));
            }

            foreach (var silent in LivesThatAre(OrphanState.Asked).ToList())
            {
                // RB-21: if it is there, and can be looked at, its silo reports it again.
                _orphans.Remove(silent);
            }

            _saidAgain = 0;
        }

        if (Requested is { } requested)
        {
            if (requested.Step == RequestedRollbackStep.RollBack && _orphans.GetValueOrDefault(requested.First!, OrphanState.Released) == OrphanState.Released)
            {
                Perform(requested.OnClosed());
            }

            if (HasUndecidedOrphans && !requested.IsOver)
            {
                Perform(requested.OnForced());
            }

            if (requested.IsOver)
            {
                _requested.Dequeue();
                if (_requested.TryPeek(out var next))
                {
                    _effects.Add(new PauseRounds(next.Request));
                }
            }
        }

        var effects = _effects.ToImmutable();
        _effects.Clear();
        return effects;
    }

    private IEnumerable<Life> LivesThatAre(OrphanState state) => _orphans.Where(orphan => orphan.Value == state).Select(orphan => orphan.Key);

    private static string Some<T>(IReadOnlyCollection<T> all) => $"{string.Join(", ", all.Take(3))}{(all.Count > 3 ? $" and {all.Count - 3} more" : "")}";

    private void Perform(ImmutableArray<RollbackEffect> effects) => _effects.AddRange(effects);

    private void Tell(ToRollbackParticipant message) => _effects.Add(new TellParticipant(message.Life.Participant, message));

    private enum OrphanState
    {
        Asked,
        Ready,
        Released,
    }
}

/// <summary>What the coordinator of a rollback waits for.</summary>
internal enum RecoveryStep
{
    Idle,
    AskLives,
    Prepare,
    InstallEnds,
    RollBack,
}
