using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>
/// One process of algorithm C (rule B3), to the letter. Every step that the paper is easily misread about is a method of its own,
/// so that a mutant can get exactly that step wrong.
/// </summary>
/// <param name="id">The name of the process.</param>
/// <param name="network">Takes what the process sends.</param>
/// <param name="observations">Told of every step, for the checkers.</param>
/// <param name="bookkeeping">last_rmsg and first_smsg.</param>
internal class Process(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
{
    private readonly HashSet<ProcessName> _awaitedVotes = [];
    private readonly HashSet<RoundNumber> _decidedRounds = [];
    private RoundNumber _currentRound;
    private bool _allVotedYes;
    private Label _lastLabelSent = Label.Bottom;
    private ImmutableSortedDictionary<ProcessName, Label> _lastLabelsSent = ImmutableSortedDictionary<ProcessName, Label>.Empty;

    public ProcessName Id => id;

    public Bookkeeping Bookkeeping => bookkeeping;

    /// <summary>How many sends and receipts its state contains.</summary>
    public int HistoryLength { get; private set; }

    /// <summary>In stable storage.</summary>
    public Checkpoint Permanent { get; protected set; } = Checkpoint.Initial;

    /// <summary>In stable storage; there is never a second one.</summary>
    public TentativeCheckpoint? Tentative { get; private set; }

    /// <summary>True from its vote to the decision: it can no longer leave the round of its own accord.</summary>
    public bool IsInDoubt => Tentative is not null && _awaitedVotes.Count == 0;

    /// <summary>ckpt_cohort_p, frozen at the tentative checkpoint and stored with it.</summary>
    public ImmutableArray<ProcessName> CheckpointCohort { get; private set; } = [];

    /// <summary>willing_to_ckpt_p.</summary>
    public bool WillingToCheckpoint { get; protected set; } = true;

    /// <summary>A process with a tentative checkpoint sends no basic message: a receiver's checkpoint might depend on it, and it might be undone.</summary>
    public virtual bool MaySend => Tentative is null;

    public void Send(TraceMessage message)
    {
        observations.Add(new BasicMessageSent(id, message.Name, Tentative is not null));
        HistoryLength++;
        _lastLabelSent = Label.Of(message.Label);
        _lastLabelsSent = _lastLabelsSent.SetItem(message.To, _lastLabelSent);
        bookkeeping.RecordSend(message);
    }

    /// <summary>Receiving is always allowed.</summary>
    public void Receive(TraceMessage message)
    {
        HistoryLength++;
        bookkeeping.RecordReceipt(message);
    }

    public void Handle(ControlMessage message, bool isWilling)
    {
        switch (message)
        {
            case TakeTentative take when !IsOver(take.Round):
                EnterRound(take.Round, isWilling);
                OnTakeTentative(take);
                break;
            case TakeTentative take:
                Refuse(take);
                break;
            case Vote vote:
                CountVote(vote.Round, vote.From, vote.Yes);
                break;
            case FailureNotice notice:
                CountVote(notice.Round, notice.From, yes: false);
                break;
            case Decision decision:
                OnDecision(decision);
                break;
        }
    }

    /// <summary>Loses what is not in stable storage.</summary>
    public void Restart()
    {
        _awaitedVotes.Clear();
        bookkeeping.AtRestart();
    }

    /// <summary>Goes back to the permanent checkpoint.</summary>
    public void RollBack()
    {
        HistoryLength = Permanent.HistoryLength;
        _lastLabelSent = Permanent.LastLabelSent;
        _lastLabelsSent = Permanent.LastLabelsSent;
        bookkeeping.AtRestart();
    }

    /// <summary>Leaves a round in which it has not voted yet: its no undoes the round for everybody, so it need not wait to hear so.</summary>
    public void LeaveRound(TentativeCheckpoint tentative) => OnDecision(new UndoTentative(tentative.Round, id, id));

    public void Refuse(TakeTentative take) => SendVote(take.Round, take.From, yes: false);

    /// <summary>Trap T4: the willingness of a round ends with the round.</summary>
    protected virtual void StartRound(bool isWilling) => WillingToCheckpoint = isWilling;

    /// <summary>last_rmsg_q(p) ≥ first_smsg_p(q) > ⊥: "I sent that message after my last checkpoint".</summary>
    protected virtual bool SentSinceLastCheckpoint(TakeTentative take)
        => take.LastLabelReceived >= bookkeeping.FirstSentTo(take.From) && bookkeeping.FirstSentTo(take.From) > Label.Bottom;

    /// <summary>At most one tentative checkpoint in a round.</summary>
    protected virtual bool IsNeeded(TakeTentative take, bool sentSinceLastCheckpoint) => sentSinceLastCheckpoint && !HoldsTentativeOf(take.Round);

    /// <summary>
    /// After a failure the round may be undone while its TAKEs are still spreading. Whoever has heard the decision joins no more: else
    /// UNDO and TAKE chase each other around a cycle of cohorts for ever, and without FIFO an UNDO that overtakes its TAKE leaves a
    /// tentative checkpoint that nobody decides. Not in rule B3; without failures and rollbacks it never matters.
    /// </summary>
    protected virtual bool IsOver(RoundNumber round) => _decidedRounds.Contains(round);

    protected bool HoldsTentativeOf(RoundNumber round) => Tentative?.Round == round;

    /// <summary>Into stable storage, beside the permanent checkpoint.</summary>
    protected virtual void Save(TentativeCheckpoint tentative) => Tentative = tentative;

    /// <summary>Trap T4: who is not needed does not kill the round by being unwilling. Trap T6: a second TAKE is answered yes at once.</summary>
    protected virtual void AnswerWithoutTaking(TakeTentative take, bool isNeeded)
        => SendVote(take.Round, take.From, WillingToCheckpoint || !isNeeded);

    /// <summary>{ q : last_rmsg_p(q) > ⊥ }</summary>
    protected virtual ImmutableArray<(ProcessName Process, Label LastLabelReceived)> EvaluateCohort()
        => [.. bookkeeping.LastLabelReceived.Select(entry => (entry.Key, entry.Value))];

    /// <summary>Trap T5: only a tentative checkpoint of this round is decided, and only once.</summary>
    protected virtual bool Heeds(Decision decision) => HoldsTentativeOf(decision.Round);

    /// <summary>The frozen cohort, whatever was received since.</summary>
    protected virtual ImmutableArray<ProcessName> CohortToTell() => CheckpointCohort;

    protected void SendVote(RoundNumber round, ProcessName to, bool yes)
    {
        observations.Add(new Voted(round, id, to, yes));
        network.Send(new Vote(round, id, to, yes));
    }

    /// <summary>p votes in the name of its whole subtree, and before it waits for the decision.</summary>
    protected virtual void VoteToParent(TentativeCheckpoint tentative) => SendVote(tentative.Round, tentative.Parent, _allVotedYes);

    private void EnterRound(RoundNumber round, bool isWilling)
    {
        if (_currentRound != round)
        {
            _currentRound = round;
            StartRound(isWilling);
        }
    }

    private void OnTakeTentative(TakeTentative take)
    {
        var sentSince = SentSinceLastCheckpoint(take);
        observations.Add(new Asked(take.Round, take.From, id, take.LastLabelReceived)
        {
            SaysSentSinceLastCheckpoint = sentSince,
            LastLabelSentBeforePermanent = Permanent.LastLabelSent,
            LastLabelSentBeforeTentative = Tentative?.State.LastLabelSent,
        });
        var isNeeded = IsNeeded(take, sentSince);
        if (isNeeded && WillingToCheckpoint)
        {
            TakeTentativeCheckpoint(take);
        }
        else
        {
            AnswerWithoutTaking(take, isNeeded);
        }
    }

    private void TakeTentativeCheckpoint(TakeTentative take)
    {
        observations.Add(new TentativeTaken(take.Round, id, take.From, HistoryLength, Tentative is not null));
        Save(new TentativeCheckpoint(take.Round, take.From, new Checkpoint(HistoryLength, _lastLabelSent, _lastLabelsSent)));
        var cohort = EvaluateCohort();
        CheckpointCohort = [.. cohort.Select(member => member.Process)];
        bookkeeping.AtTentative();
        _allVotedYes = true;
        _awaitedVotes.UnionWith(CheckpointCohort);
        foreach (var (member, lastLabelReceived) in cohort)
        {
            network.Send(new TakeTentative(take.Round, id, member, lastLabelReceived));
        }

        VoteWhenAllHaveVoted();
    }

    private void CountVote(RoundNumber round, ProcessName voter, bool yes)
    {
        if (HoldsTentativeOf(round) && _awaitedVotes.Remove(voter))
        {
            _allVotedYes &= yes;
            VoteWhenAllHaveVoted();
        }
    }

    private void VoteWhenAllHaveVoted()
    {
        if (_awaitedVotes.Count == 0)
        {
            VoteToParent(Tentative!);
        }
    }

    private void OnDecision(Decision decision)
    {
        _decidedRounds.Add(decision.Round);
        if (!Heeds(decision))
        {
            return;
        }

        var toTell = CohortToTell();
        if (Tentative is not null)
        {
            Decide(Tentative, decision);
        }

        foreach (var member in toTell)
        {
            observations.Add(new DecisionForwarded(decision.Round, id, member));
            network.Send(decision.Forward(id, member));
        }
    }

    private void Decide(TentativeCheckpoint tentative, Decision decision)
    {
        if (!IsInDoubt)
        {
            // Somebody below has left the round. Those above still wait for this vote.
            SendVote(tentative.Round, tentative.Parent, yes: false);
        }

        Tentative = null;
        _awaitedVotes.Clear();
        if (decision is MakePermanent)
        {
            Permanent = tentative.State;
            bookkeeping.AtCommit();
        }
        else
        {
            bookkeeping.AtUndo();
        }

        observations.Add(new TentativeDecided(decision.Round, id, decision is MakePermanent));
    }
}
