using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// One participant of algorithm R, mapped to request/response actors (SPEC D12, K34). It cannot refuse a forced rollback: what it depends on is
/// gone. It rolls back by being replaced: the life that got ready never goes on.
/// </summary>
/// <param name="ledger">What this life remembers of its messages.</param>
/// <param name="checkpoint">The part of this life in rounds.</param>
/// <param name="undone">What its silo knows of ended lives.</param>
internal sealed class RollbackParticipant(Ledger ledger, CheckpointParticipant checkpoint, UndoneLabels undone)
{
    private readonly List<Life> _asked = [];
    private bool _fenceWritten;
    private bool _isFencing;
    private bool _mustFence;

    public RollbackPhase Phase { get; private set; }

    /// <summary>It has to write a fence that nobody asks for, and could not yet. May be asked from any thread.</summary>
    public bool MustFence => _mustFence && !IsFenced && Phase != RollbackPhase.Superseded;

    private Life Self => ledger.Life;

    private bool IsFenced => _fenceWritten || checkpoint.HasStored;

    /// <summary>RB-1: only what no life can change any more is said of another life. So this one fences the others off first.</summary>
    public ImmutableArray<ParticipantEffect> OnAskLife(AskLife ask)
    {
        if (Phase == RollbackPhase.Superseded)
        {
            return [];
        }

        if (ask.Life.Equals(Self) && Phase == RollbackPhase.Ready)
        {
            return [Send(new ReadyToRollBack(MyEnd()))];
        }

        if (ledger.PermanentMark.Covers(new MessageLabel(ask.Life.Incarnation, ask.LastLabelReceived)))
        {
            return [Send(new LabelsCount(new Life(Self.Participant, ask.Life.Incarnation), ask.LastLabelReceived))];
        }

        if (ask.Life.Equals(Self))
        {
            return [Send(new LabelsCount(Self, ledger.LastSequence))];
        }

        if (ask.Life.Incarnation.Generation > Self.Incarnation.Generation)
        {
            return Supersede(ask.Life);
        }

        if (IsFenced)
        {
            return [Send(new LifeEnded(ledger.EndOf(ask.Life)))];
        }

        if (!_asked.Contains(ask.Life))
        {
            _asked.Add(ask.Life);
        }

        if (_isFencing || checkpoint.Phase is ParticipantPhase.Storing or ParticipantPhase.InDoubt)
        {
            // A snapshot on its way to the free slot must not be overwritten; when it has landed it is as good as a fence, and they ask again.
            return [];
        }

        return Fence();
    }

    /// <summary>
    /// RB-10: a life that may have begun while an earlier one still runs, on a silo that is believed to be gone, fences that one off unasked:
    /// else a checkpoint of the earlier life could still land and become permanent, and this one would go on from an older one.
    /// </summary>
    public ImmutableArray<ParticipantEffect> OnSiloGone()
    {
        _mustFence = true;
        return OnFenceDue();
    }

    /// <summary>RB-10: nobody asks again for a fence that is written unasked, so it is tried until it is there.</summary>
    public ImmutableArray<ParticipantEffect> OnFenceDue() =>
        !MustFence || _isFencing || checkpoint.Phase is ParticipantPhase.Storing or ParticipantPhase.InDoubt ? [] : Fence();

    /// <summary>RB-11: facts never change. A life that learns that it is over, and has not said so itself, has been superseded.</summary>
    public ImmutableArray<ParticipantEffect> OnEndsInstalled() =>
        Phase is RollbackPhase.Running or RollbackPhase.AwaitingDecision && undone.Knows(Self) ? Supersede(Self) : [];

    /// <summary>
    /// RB-12: a life that has moved here is tested before its first turn here. It may have been on its way when this silo looked for orphans; so an
    /// orphan gets ready at once.
    /// </summary>
    public ImmutableArray<ParticipantEffect> OnArrived()
    {
        if (undone.Knows(Self))
        {
            return Supersede(Self);
        }

        return ledger.IsOrphan(undone) ? GetReady() : [];
    }

    /// <summary>The outcome of <see cref="WriteFence"/>: done, failed (it will be asked again), or another life has written.</summary>
    public ImmutableArray<ParticipantEffect> OnFenced(FenceOutcome outcome)
    {
        _isFencing = false;
        if (outcome == FenceOutcome.Superseded)
        {
            return Supersede(Self);
        }

        if (outcome == FenceOutcome.Failed)
        {
            return [];
        }

        _fenceWritten = true;
        ImmutableArray<ParticipantEffect> answers = [.. _asked.Select(life => Send(new LifeEnded(ledger.EndOf(life))))];
        _asked.Clear();
        return answers;
    }

    /// <summary>RB-2: who votes or has voted learns that decision first; it may move the permanent checkpoint, and with it what is undone.</summary>
    public ImmutableArray<ParticipantEffect> OnPrepareToRollBack(PrepareToRollBack prepare)
    {
        if (!prepare.Life.Equals(Self))
        {
            // RB-3: that life is over, whatever became of it; where it ended, this one can say.
            return OnAskLife(new AskLife(prepare.Life, AskLife.AllLabels));
        }

        switch (Phase)
        {
            case RollbackPhase.Ready:
                return [Send(new ReadyToRollBack(MyEnd()))];
            case RollbackPhase.Running:
                if (!ledger.IsOrphan(undone))
                {
                    return [Send(new NotAnOrphan(Self))];
                }

                var left = checkpoint.OnPrepareToRollBack();
                Phase = RollbackPhase.AwaitingDecision;
                return left.AddRange(OnDecided());
            default:
                return OnDecided();
        }
    }

    /// <summary>RB-17: everybody is willing, and this is the life whose rollback was asked for.</summary>
    public ImmutableArray<ParticipantEffect> OnRollBackAsAsked() => GetReady();

    /// <summary>Called whenever a round may have ended for this participant.</summary>
    public ImmutableArray<ParticipantEffect> OnDecided()
    {
        if (Phase != RollbackPhase.AwaitingDecision || checkpoint.Phase != ParticipantPhase.Idle)
        {
            return [];
        }

        if (!ledger.IsOrphan(undone))
        {
            Phase = RollbackPhase.Running;
            checkpoint.OnNeedNotRollBack();
            return [Send(new NotAnOrphan(Self))];
        }

        return GetReady();
    }

    /// <summary>RB-4: only the life that got ready is replaced; a repeated or late word to roll back changes nothing.</summary>
    public ImmutableArray<ParticipantEffect> OnRollBack(RollBack rollBack)
    {
        if (!rollBack.Life.Equals(Self))
        {
            return [Send(new RolledBack(rollBack.Life))];
        }

        return Phase == RollbackPhase.Ready ? [new ReplaceActivation()] : [];
    }

    /// <summary>RB-5: nobody waits for a coordinator that is gone: who is ready says so again, and the next coordinator goes on from there.</summary>
    public ImmutableArray<ParticipantEffect> OnSilence() => Phase == RollbackPhase.Ready ? [Send(new ReadyToRollBack(MyEnd()))] : [];

    private ImmutableArray<ParticipantEffect> GetReady()
    {
        Phase = RollbackPhase.Ready;

        // Whatever made it get ready, it takes part in no round any more, and proves none.
        return [.. checkpoint.OnPrepareToRollBack(), new StopHandlers(), Send(new ReadyToRollBack(MyEnd()))];
    }

    private ImmutableArray<ParticipantEffect> Fence()
    {
        _isFencing = true;
        return [new WriteFence()];
    }

    private LifeEnd MyEnd() => ledger.EndOf(Self);

    private ImmutableArray<ParticipantEffect> Supersede(Life younger)
    {
        Phase = RollbackPhase.Superseded;
        return [new StopSuperseded(younger)];
    }

    private static SendToRollbackCoordinator Send(ToRollbackCoordinator message) => new(message);
}

/// <summary>Where a participant stands in algorithm R.</summary>
internal enum RollbackPhase
{
    Running,

    /// <summary>An orphan that is in doubt about a round: it goes on until it knows the decision.</summary>
    AwaitingDecision,

    /// <summary>Stopped for good; waits for the word to roll back.</summary>
    Ready,

    /// <summary>A younger life exists.</summary>
    Superseded,
}

/// <summary>How the write of a fence ended.</summary>
internal enum FenceOutcome
{
    Stored,

    /// <summary>Not stored, or nobody knows; no other life has written since.</summary>
    Failed,

    /// <summary>Another life has written since this one has read.</summary>
    Superseded,
}
