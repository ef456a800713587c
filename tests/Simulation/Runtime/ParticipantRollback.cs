using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>The part of one activation in rollbacks: hands the algorithm what happens and performs what it asks for.</summary>
internal sealed class ParticipantRollback(CheckpointedActor actor, ParticipantMutants mutants)
{
    private readonly List<ToRollbackParticipant> _beforeBegun = [];
    private Ledger _ledger = null!;
    private ParticipantSlots _slots = null!;
    private long _began;
    private long _lastHeard;
    private bool _isFencing;

    private SimulatedCluster Cluster => actor.Cluster;

    public RollbackParticipant Algorithm { get; private set; } = null!;

    public RequestedRollbackMember Requested { get; private set; } = null!;

    /// <summary>Where it stands in a rollback; null if it takes no part in one.</summary>
    public StepOfRound? Step => Algorithm?.Phase switch
    {
        null => null,
        RollbackPhase.AwaitingDecision => StepOfRound.AwaitingDecision,
        RollbackPhase.Ready => StepOfRound.ReadyToRollBack,
        _ when Requested.IsHeld => StepOfRound.Held,
        _ when Requested.IsGateClosed => StepOfRound.DrainingToRollBack,
        _ => _isFencing ? StepOfRound.Fencing : null,
    };

    /// <summary>It does nothing any more; another activation takes its place as soon as its writes have ended.</summary>
    public bool IsReplaced { get; private set; }

    public void Create(Ledger ledger, CheckpointParticipant participant, ParticipantSlots slots)
    {
        _ledger = ledger;
        _slots = slots;
        Algorithm = new RollbackParticipant(ledger, participant, actor.Silo.Agent.Undone);
        Requested = new RequestedRollbackMember(ledger, participant, Algorithm, actor.Silo.Agent.Undone, actor.Cluster.NextIdentity);
    }

    /// <summary>The life takes part from now on.</summary>
    public void Begin()
    {
        _began = Cluster.Time.Now;
        if (actor.Silo.Agent.KnowsOfGoneSilos)
        {
            FenceUnasked();
        }

        foreach (var message in _beforeBegun.ToList())
        {
            Receive(message);
        }

        _beforeBegun.Clear();
    }

    /// <summary>
    /// RB-12. A life that goes on holds the ETags of its slots and needs no fence; unless it had begun so shortly before that only this silo knows of
    /// the loss of the one before (RB-10).
    /// </summary>
    public void Resume(ParticipantRollback left)
    {
        _began = left._began;
        if (Cluster.Mutation != Mutation.ArrivalNotTested)
        {
            actor.Host.Perform(Algorithm.OnArrived());
        }

        if (actor.Silo.Agent.KnowsOfGoneSilos && !actor.IsOver)
        {
            OnSiloGone();
        }

        actor.Host.WatchSilence();
    }

    public void OnEndsInstalled() => actor.Host.Perform(Algorithm.OnEndsInstalled());

    /// <summary>A life that began shortly before may have taken the place of one on that silo.</summary>
    public void OnSiloGone()
    {
        if (actor.Host.IsLoaded && !actor.IsMoving && Cluster.Time.Now - _began <= SimulatedSilos.LongestNotice)
        {
            FenceUnasked();
        }
    }

    public void Receive(ToRollbackParticipant message)
    {
        if (Cluster.Silos.CrashesNow(actor.Silo) || actor.IsDead)
        {
            return;
        }

        if (actor.IsMoving || IsReplaced)
        {
            return;
        }

        if (!actor.Host.IsLoaded)
        {
            _beforeBegun.Add(message);
            return;
        }

        Cluster.Trace.Line($"{actor.Name} <= {RollbackText.Of(message)}");
        if (mutants.GetsReadyInDoubt(message, _ledger, actor.Host.Participant))
        {
            return;
        }

        if (!Requested.IsGateClosed || message switch { AskToRollBack ask => ask.Request, HoldForRollBack hold => hold.Request, _ => default } == Requested.Request)
        {
            // A message about another request is no sign that the coordinator of ours is alive.
            _lastHeard = Cluster.Time.Now;
        }

        actor.Host.Perform(message switch
        {
            AskToRollBack ask => Requested.OnAskToRollBack(ask, Cluster.Judges.Requested.OnVote(ask, _ledger.Life, actor.Host.Participant.Phase != ParticipantPhase.Idle || Requested.IsGateClosed || !Cluster.Faults.IsUnwillingToRollBack()) || Cluster.Mutation == Mutation.VoteIgnored, actor.IsQuiescent),
            HoldForRollBack hold => Requested.OnHoldForRollBack(hold, actor.IsQuiescent),
            DoNotRollBack when Cluster.Mutation == Mutation.ResumeForgotten => [],
            DoNotRollBack doNot => Requested.OnDoNotRollBack(doNot),
            RollBackAsAsked rollBack => Requested.OnRollBackAsAsked(rollBack),
            AskLife ask => Algorithm.OnAskLife(ask),
            PrepareToRollBack prepare => Algorithm.OnPrepareToRollBack(prepare),
            RollBack rollBack => Algorithm.OnRollBack(rollBack),
            _ => throw new InvalidOperationException($"{message} is no message to a participant."),
        });
        if (Algorithm.Phase == RollbackPhase.AwaitingDecision)
        {
            if (Cluster.CrashesEverythingNow(factor: 20))
            {
                return;
            }

            Cluster.Silos.LoseWhileInDoubt(actor.Silo, falsely: 0.5);
            Cluster.Silos.MayStop(actor.Silo, factor: 10);
            Cluster.Silos.MayBeDisturbed(actor.Silo, factor: 60);
        }

        actor.Host.WatchSilence();
    }

    /// <summary>Nothing was heard of the rollback that was asked for.</summary>
    public void OnSilence()
    {
        if (Requested.IsGateClosed && Cluster.Mutation != Mutation.ResumeForgotten && Cluster.Time.Now - _lastHeard >= Cluster.Settings.PauseBound)
        {
            actor.Host.Perform(Requested.OnSilence());
        }
    }

    /// <summary>False if that was the end of this activation.</summary>
    public bool Perform(ParticipantEffect effect)
    {
        switch (effect)
        {
            case SendToRollbackCoordinator send:
                Send(send.Message);
                break;
            case WriteFence:
                Fence();
                break;
            case HoldAllCalls:
                break;
            case StopHandlers:
                Cluster.Judges.Gates.OnOpened(actor.ToString(), actor.Silo.Process.TimeRun);
                if (Cluster.Mutation != Mutation.HandlersNotStopped)
                {
                    actor.StopHandlers();
                }

                break;
            case ReplaceActivation:
                Cluster.Judges.Rollbacks.OnRolledBack(actor);
                ReplaceWhenWritten();
                return false;
            case StopSuperseded superseded:
                Cluster.Trace.Line($"*** {_ledger.Life} stops: {superseded.Younger} or another life has taken over");
                actor.StopHandlers();
                actor.Silo.Agent.OnLifeStopped(_ledger.Life);
                actor.Silo.Report();
                ReplaceWhenWritten();
                return false;
        }

        return true;
    }

    /// <summary>The next life must not meet a write that still lands.</summary>
    private void ReplaceWhenWritten()
    {
        IsReplaced = true;
        if (actor.IsDead)
        {
            return;
        }

        if (_slots.IsWriting && Cluster.Mutation != Mutation.ReplacedWhileWriting)
        {
            actor.Silo.Process.After(1, ReplaceWhenWritten);
        }
        else
        {
            Cluster.Replace(actor, keepQueue: true);
        }
    }

    private void Send(ToRollbackCoordinator message)
    {
        Cluster.Trace.Line($"{actor.Name} => {RollbackText.Of(message)}");
        if (message is ReadyToRollBack && Requested.IsHeld && !_ledger.IsOrphan(actor.Silo.Agent.Undone))
        {
            Cluster.Judges.Requested.OnCommitted(actor, Requested.Request);
        }

        if (message is ReadyToRollBack)
        {
            Cluster.Judges.Rollbacks.OnReady(actor);
            if (Cluster.Mutation == Mutation.RollsBackBeforeClosure)
            {
                actor.Silo.Process.After(1, () => Receive(new RollBack(_ledger.Life)));
            }
        }

        Cluster.Network.SendToRollbackCoordinator(actor.Silo, message);
    }

    private void FenceUnasked()
    {
        actor.Host.Perform(Algorithm.OnSiloGone());
        TryAgain();

        void TryAgain()
        {
            if (Algorithm.MustFence && !actor.IsOver && !actor.IsMoving)
            {
                actor.Silo.Process.After(SimulatedCluster.AskInterval, () =>
                {
                    if (!actor.IsOver && !actor.IsMoving)
                    {
                        actor.Host.Perform(Algorithm.OnFenceDue());
                        TryAgain();
                    }
                });
            }
        }
    }

    private void Fence()
    {
        _isFencing = true;
        _slots.Fence(_ledger.PermanentMark, StepOfRound.Fencing, outcome =>
        {
            _isFencing = false;
            if (!actor.IsDead)
            {
                Cluster.Trace.Line($"{actor.Name} fences: {outcome}");
                actor.Host.Perform(Algorithm.OnFenced(outcome));
            }
        });
    }
}
