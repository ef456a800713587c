using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback;

/// <summary>
/// The part of a process that runs algorithm R (rule C2), to the letter. All control messages of the process pass through here, because
/// algorithm R takes precedence over algorithm C (rule C6). Every step that is easily misread is a method of its own, for the mutants.
/// </summary>
/// <param name="process">The part that runs algorithm C and keeps the books.</param>
/// <param name="everybody">All processes: those it can send to.</param>
/// <param name="network">Takes what the process sends.</param>
/// <param name="observations">Told of every step, for the checkers.</param>
internal class RollbackMember(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
{
    private readonly HashSet<ProcessName> _awaitedVotes = [];
    private readonly List<(PrepareToRollBack Prepare, bool IsWilling)> _untilTheDecision = [];
    private ImmutableArray<ProcessName> _rollCohort = [];
    private ProcessName _parent;
    private bool _allVotedYes;

    /// <summary>ready_to_roll_p: false from the accepted PREPARE to the decision. Such a process neither sends nor receives basic messages.</summary>
    public bool ReadyToRollBack { get; private set; } = true;

    protected Process Process => process;

    protected ImmutableArray<ProcessName> Everybody => everybody;

    public void Handle(ControlMessage message, bool isWilling)
    {
        switch (message)
        {
            case PrepareToRollBack prepare when MustFirstLearnTheDecision():
                _untilTheDecision.Add((prepare, isWilling));
                break;
            case PrepareToRollBack prepare:
                OnPrepare(prepare, isWilling);
                break;
            case RollbackVote vote:
                CountVote(vote);
                break;
            case RollbackDecision decision:
                OnDecision(decision);
                break;
            case TakeTentative take when RefusesCheckpoints():
                process.Refuse(take);
                break;
            default:
                process.Handle(message, isWilling);
                ServeWhatWaited();
                break;
        }
    }

    /// <summary>Trap T9: last_rmsg_p(q) > last_smsg_q(p), "you undo a message that I have received"; last_rmsg_p(daemon) is ⊤.</summary>
    protected virtual bool DependsOnWhatIsUndone(PrepareToRollBack prepare)
        => prepare.From == Daemon.Id || process.Bookkeeping.LastReceivedSincePermanent(prepare.From) > prepare.LastLabelSent;

    /// <summary>The guard that makes it accept one PREPARE (L11.4).</summary>
    protected virtual bool MayJoin() => ReadyToRollBack;

    /// <summary>All that it can send to. A process that failed has forgotten to whom it has sent.</summary>
    protected virtual IEnumerable<ProcessName> EvaluateRollCohort() => everybody.Where(other => other != process.Id);

    /// <summary>Trap T10: last_smsg_p(q), the last label sent to q before p's permanent checkpoint; ⊥ if nothing was sent.</summary>
    protected virtual Label LastLabelSentTo(ProcessName other) => process.Permanent.LastLabelsSent.GetValueOrDefault(other);

    /// <summary>Rule C5 and C6: who has voted in a round first hears its decision, which may move the permanent checkpoint.</summary>
    protected virtual bool MustFirstLearnTheDecision() => process.IsInDoubt;

    /// <summary>Rule C6: who has not voted yet leaves the round.</summary>
    protected virtual void LeaveUndecidedRound(TentativeCheckpoint tentative) => process.LeaveRound(tentative);

    /// <summary>Rule C6: a member of a rollback says no to every round.</summary>
    protected virtual bool RefusesCheckpoints() => !ReadyToRollBack;

    /// <summary>A second copy of the decision, or one that does not concern it, is ignored: (roll back or resume) and not ready.</summary>
    protected virtual bool Heeds(RollbackDecision decision) => !ReadyToRollBack;

    /// <summary>From here on it can join the next rollback.</summary>
    protected virtual void GetReady() => ReadyToRollBack = true;

    protected virtual void RestartFromPermanentCheckpoint(RollbackDecision decision)
    {
        process.RollBack();
        observations.Add(new RolledBack(decision.Round, process.Id));
    }

    /// <summary>It waits for the votes of its cohort before it votes: phase one.</summary>
    protected virtual bool HasToWait() => _awaitedVotes.Count > 0;

    protected virtual IEnumerable<ProcessName> CohortToTell() => _rollCohort;

    private void OnPrepare(PrepareToRollBack prepare, bool isWilling)
    {
        observations.Add(new AskedToPrepare(prepare.Round, prepare.From, process.Id, prepare.LastLabelSent));
        var depends = DependsOnWhatIsUndone(prepare);
        if (isWilling && MayJoin() && depends)
        {
            Join(prepare);
        }
        else
        {
            SendVote(prepare.Round, prepare.From, isWilling || !depends);
        }
    }

    private void Join(PrepareToRollBack prepare)
    {
        if (process.Tentative is { } tentative)
        {
            LeaveUndecidedRound(tentative);
        }

        ReadyToRollBack = false;
        observations.Add(new Prepared(prepare.Round, process.Id, prepare.From));
        _parent = prepare.From;
        _allVotedYes = true;
        _rollCohort = [.. EvaluateRollCohort()];
        _awaitedVotes.Clear();
        _awaitedVotes.UnionWith(_rollCohort);
        foreach (var member in _rollCohort)
        {
            network.Send(new PrepareToRollBack(prepare.Round, process.Id, member, LastLabelSentTo(member)));
        }

        VoteWhenAllHaveVoted(prepare.Round);
    }

    private void CountVote(RollbackVote vote)
    {
        if (!ReadyToRollBack && _awaitedVotes.Remove(vote.From))
        {
            _allVotedYes &= vote.Yes;
            VoteWhenAllHaveVoted(vote.Round);
        }
    }

    private void VoteWhenAllHaveVoted(RoundNumber rollback)
    {
        if (!HasToWait())
        {
            SendVote(rollback, _parent, _allVotedYes);
        }
    }

    private void SendVote(RoundNumber rollback, ProcessName to, bool yes) => network.Send(new RollbackVote(rollback, process.Id, to, yes));

    private void OnDecision(RollbackDecision decision)
    {
        if (!Heeds(decision))
        {
            return;
        }

        if (decision is RollBack)
        {
            RestartFromPermanentCheckpoint(decision);
        }
        else
        {
            observations.Add(new Resumed(decision.Round, process.Id));
        }

        GetReady();
        foreach (var member in CohortToTell())
        {
            network.Send(decision.Forward(process.Id, member));
        }
    }

    private void ServeWhatWaited()
    {
        if (MustFirstLearnTheDecision())
        {
            return;
        }

        var waited = _untilTheDecision.ToList();
        _untilTheDecision.Clear();
        waited.ForEach(waiting => OnPrepare(waiting.Prepare, waiting.IsWilling));
    }
}
