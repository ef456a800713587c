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
    private bool _isFencing;

    private SimulatedCluster Cluster => actor.Cluster;

    public RollbackParticipant Algorithm { get; private set; } = null!;

    /// <summary>Where it stands in a rollback; null if it takes no part in one.</summary>
    public StepOfRound? Step => Algorithm?.Phase switch
    {
        null => null,
        RollbackPhase.AwaitingDecision => StepOfRound.AwaitingDecision,
        RollbackPhase.Ready => StepOfRound.ReadyToRollBack,
        _ => _isFencing ? StepOfRound.Fencing : null,
    };

    public void Create(Ledger ledger, CheckpointParticipant participant, ParticipantSlots slots)
    {
        _ledger = ledger;
        _slots = slots;
        Algorithm = new RollbackParticipant(ledger, participant, actor.Silo.Agent.Undone);
    }

    /// <summary>The life takes part from now on.</summary>
    public void Begin()
    {
        _began = Cluster.Time.Now;
        if (actor.Silo.Agent.KnowsOfGoneSilos)
        {
            actor.Host.Perform(Algorithm.OnSiloGone());
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
            actor.Host.Perform(Algorithm.OnSiloGone());
        }
    }

    public void Receive(ToRollbackParticipant message)
    {
        if (Cluster.Silos.CrashesNow(actor.Silo) || actor.IsDead)
        {
            return;
        }

        if (actor.IsMoving)
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

        actor.Host.Perform(message switch
        {
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
        }

        actor.Host.WatchSilence();
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
            case StopHandlers:
                if (Cluster.Mutation != Mutation.HandlersNotStopped)
                {
                    actor.StopHandlers();
                }

                break;
            case ReplaceActivation:
                Cluster.Judges.Rollbacks.OnRolledBack(actor);
                Cluster.Replace(actor, keepQueue: true);
                return false;
            case StopSuperseded superseded:
                Cluster.Trace.Line($"*** {_ledger.Life} stops: {superseded.Younger} or another life has taken over");
                actor.StopHandlers();
                actor.Silo.Agent.OnLifeStopped(_ledger.Life);
                actor.Silo.Report();
                Cluster.Replace(actor, keepQueue: true);
                return false;
        }

        return true;
    }

    private void Send(ToRollbackCoordinator message)
    {
        Cluster.Trace.Line($"{actor.Name} => {RollbackText.Of(message)}");
        if (message is ReadyToRollBack)
        {
            Cluster.Judges.Rollbacks.OnReady(actor);
            if (Cluster.Mutation == Mutation.RollsBackBeforeClosure)
            {
                Cluster.Time.After(1, () => Receive(new RollBack(_ledger.Life)));
            }
        }

        Cluster.Network.SendToRollbackCoordinator(actor.Silo, message);
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
