using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>
/// One round up to the point where its snapshots are verified (SPEC D7, steps 1–3: Drain, Snapshot, Verify). Safety rests on
/// <see cref="Verify"/> alone: the drain only makes it likely to succeed at once.
/// </summary>
internal sealed class CheckpointRound
{
    private readonly SortedDictionary<ParticipantId, RoundMember> _members = [];
    private readonly List<LeftOutMember> _leftOut = [];
    private readonly ImmutableArray<CoordinatorEffect>.Builder _effects;

    public CheckpointRound(RoundNumber number, IEnumerable<CheckpointRequest> requests, ImmutableArray<CoordinatorEffect>.Builder effects)
    {
        Number = number;
        _effects = effects;
        Requests = [.. requests];
    }

    public RoundNumber Number { get; }

    /// <summary>The merged requests that this round serves.</summary>
    public List<CheckpointRequest> Requests { get; }

    public IReadOnlyDictionary<ParticipantId, RoundMember> Members => _members;

    public IReadOnlyList<LeftOutMember> LeftOut => _leftOut;

    public int Retakes { get; private set; }

    /// <summary>All snapshots fit together: what is left is to store them.</summary>
    public bool IsVerified { get; private set; }

    public bool IsEmpty => _members.Count == Tally[MemberState.NotNeeded] + Tally[MemberState.LeftOut];

    public MemberTally Tally { get; } = new();

    public void Begin()
    {
        foreach (var initiator in Requests.SelectMany(request => request.Remaining).Distinct())
        {
            var member = new RoundMember(initiator, Tally) { IsInitiator = true };
            _members.Add(initiator, member);
            Send(member, member.Join(Number));
        }
    }

    public void OnJoined(Joined joined)
    {
        if (IsVerified || !_members.TryGetValue(joined.From, out var member))
        {
            return;
        }

        if (member.State == MemberState.LeftOut)
        {
            Send(member, new UndoTentative(Number));
            return;
        }

        foreach (var first in joined.FirstLabelsSent)
        {
            member.FirstLabelsSent.TryAdd(first.Receiver, first.Sequence);
        }

        if (member.State is MemberState.Asked or MemberState.NotNeeded or MemberState.Draining)
        {
            member.State = joined.Drained ? MemberState.Drained : MemberState.Draining;
            member.Undecided = RoundNumber.None;
            member.PermanentMark = joined.PermanentMark;
            member.Receipts = joined.Receipts;
            AskCohort(member);
        }

        Advance();
    }

    public void OnNotNeeded(NotNeeded answer)
    {
        // An answer that does not cover every claim answers an earlier Join; the answer to the later one is on its way.
        if (!IsVerified && _members.TryGetValue(answer.From, out var member) && member.State == MemberState.Asked && !member.IsInitiator
            && member.Claims.All(claim => answer.PermanentMark.Covers(claim.LastLabelReceived)))
        {
            member.State = MemberState.NotNeeded;
            member.PermanentMark = answer.PermanentMark;
            Advance();
        }
    }

    public void OnSnapshotTaken(SnapshotTaken taken)
    {
        if (IsVerified || !_members.TryGetValue(taken.From, out var member) || !member.IsIn || taken.Attempt != member.Attempt)
        {
            return;
        }

        member.State = MemberState.Snapped;
        member.Snapshot = taken.Snapshot;
        member.IsUnchanged = taken.IsUnchanged;
        Advance();
    }

    /// <summary>Leaves this participant out, and everybody who depends on it; whom nobody needs any more is released.</summary>
    public void LeaveOut(ParticipantId participant, AbortReason reason, string detail)
    {
        // Once verified, a member leaves by its vote only: its component waits for that.
        if (!IsVerified && _members.TryGetValue(participant, out var member) && member.State is not (MemberState.LeftOut or MemberState.NotNeeded))
        {
            LeaveOut(member, reason, detail);
            Advance();
        }
    }

    /// <summary>An earlier round keeps this participant from joining until it has heard its decision.</summary>
    public void OnStillInDoubt(StillInDoubt doubt, Decision decision)
    {
        if (IsVerified || !_members.TryGetValue(doubt.From, out var member) || member.State != MemberState.Asked)
        {
            return;
        }

        member.Undecided = doubt.Undecided;
        switch (decision)
        {
            case Decision.Committed or Decision.Aborted:
                // It hears its decision just before.
                Send(member, member.Join(Number));
                break;
            case Decision.Forgotten:
                LeaveOutLate(late => late == member, "");
                Advance();
                break;
        }
    }

    /// <summary>The drain budget is spent: who is still busy is left out, so that the others can finish within the pause bound.</summary>
    public void OnDrainDue()
    {
        if (!IsVerified && LeaveOutLate(
            member => member.State is MemberState.Asked or MemberState.Draining, "its running call chains did not end within the drain budget"))
        {
            Advance();
        }
    }

    /// <summary>CP-10: the pause bound. What fits together by now may go on; every other gate opens.</summary>
    public void OnPauseDue()
    {
        while (!IsVerified && !IsEmpty)
        {
            if (!LeaveOutLate(
                member => member.State is MemberState.Asked or MemberState.Draining or MemberState.Drained,
                "its snapshot could not be verified within the pause bound"))
            {
                Verify();
            }

            Prune();
        }
    }

    public void OnRetakeDue()
    {
        foreach (var member in _members.Values.Where(member => member.IsIn && member.State != MemberState.Snapped && member.Attempt > 0))
        {
            Send(member, new TakeSnapshot(Number, member.Attempt));
        }
    }

    public void Resend()
    {
        foreach (var member in _members.Values)
        {
            if (member.State is MemberState.Asked or MemberState.Draining)
            {
                Send(member, member.Join(Number));
            }
            else if (member.State == MemberState.Drained && member.Attempt > 0)
            {
                Send(member, new TakeSnapshot(Number, member.Attempt));
            }
        }
    }

    /// <summary>What the round has come to; who is to blame for the members that were left out after the verification is the vote's to say.</summary>
    public RoundReport Report(Func<RoundMember, bool> isCommitted, IEnumerable<LeftOutMember> leftOutByVote)
    {
        var committed = _members.Values
            .Where(isCommitted)
            .Select(member =>
            {
                var drawnIn = member.IsInitiator || member.Claims.Count == 0 ? default(LabelClaim?) : member.Claims[0];
                return new MemberReport(
                    member.Id,
                    member.Number,
                    drawnIn?.Receiver,
                    drawnIn?.LastLabelReceived ?? MessageLabel.Bottom,
                    drawnIn is { } claim ? member.FirstLabelsSent.GetValueOrDefault(claim.Receiver) : 0,
                    member.PermanentMark);
            })
            .ToImmutableArray();
        return new RoundReport(Number, committed, [.. _leftOut, .. leftOutByVote], Retakes, committed.IsEmpty ? 0 : committed.Length + 1);
    }

    /// <summary>Takes the next step as soon as nobody has to answer for the present one.</summary>
    private void Advance()
    {
        Prune();
        if (IsVerified || IsEmpty || Tally[MemberState.Asked] + Tally[MemberState.Draining] > 0)
        {
            return;
        }

        var waiting = false;
        foreach (var member in _members.Values.Where(member => member.State == MemberState.Drained))
        {
            waiting = true;
            if (member.Attempt == 0)
            {
                member.Attempt = 1;
                Send(member, new TakeSnapshot(Number, member.Attempt));
            }
        }

        if (!waiting)
        {
            Verify();
        }
    }

    /// <summary>CP-5: who is missing joins, who was overtaken takes its snapshot again.</summary>
    private void Verify()
    {
        var found = Verification.Of(_members);
        foreach (var (sender, claim) in found.Missing)
        {
            Ask(sender, claim);
        }

        foreach (var (orphan, sender, label) in found.Orphans)
        {
            LeaveOutOrphan(orphan, sender, label);
        }

        if (found.Orphans.Count > 0)
        {
            Advance();
        }
        else if (found.Overtaken.Count > 0)
        {
            Retake(found.Overtaken);
        }
        else if (found.Missing.Count == 0)
        {
            // Who was drawn in by a life that has been lost since may not be needed any more.
            ReleaseNotNeeded();
            IsVerified = true;
        }
    }

    public void LeaveOutOrphan(ParticipantId orphan, ParticipantId sender, MessageLabel label)
    {
        if (!IsVerified && _members.TryGetValue(orphan, out var member) && member.State != MemberState.LeftOut)
        {
            LeaveOutOrphan(member, sender, label);
            Advance();
        }
    }

    private void LeaveOutOrphan(RoundMember member, ParticipantId sender, MessageLabel label)
    {
        _effects.Add(new ReportOrphan(member.Id, sender, label));
        LeaveOut(member, AbortReason.OrphanFound, $"it received {label} from {sender}, which is undone");
    }

    private void Retake(IReadOnlyCollection<ParticipantId> overtaken)
    {
        Retakes++;
        foreach (var id in overtaken)
        {
            var member = _members[id];
            member.Attempt++;
            member.State = MemberState.Drained;
        }

        _effects.Add(new StartTimer(new RoundTimer(RoundTimerKind.RetakeDue, Number, Retakes)));
    }

    /// <summary>Asks every sender whose permanent checkpoint does not cover what this member received from it.</summary>
    private void AskCohort(RoundMember member)
    {
        foreach (var (sender, label) in CheckpointCohort.Of(member, _members).ToList())
        {
            if (!_members.TryGetValue(sender, out var peer) || peer.State is MemberState.Asked or MemberState.NotNeeded)
            {
                Ask(sender, new LabelClaim(member.Id, label));
            }
        }
    }

    private void Ask(ParticipantId sender, LabelClaim claim)
    {
        if (!_members.TryGetValue(sender, out var peer))
        {
            peer = new RoundMember(sender, Tally);
            _members.Add(sender, peer);
        }

        if (peer.State is not (MemberState.Asked or MemberState.NotNeeded))
        {
            // It is in already, or left out, with all who depend on it: the next step settles it.
            return;
        }

        if (!peer.HasClaimed(claim))
        {
            peer.Claim(claim);
        }
        else if (peer.State == MemberState.Asked)
        {
            return;
        }

        if (peer is { State: MemberState.Asked, IsInitiator: true })
        {
            // It joins whatever its labels say; in a large round a message for every claim would cost more than all others.
            return;
        }

        peer.State = MemberState.Asked;
        Send(peer, peer.Join(Number));
    }

    private bool LeaveOutLate(Func<RoundMember, bool> isLate, string detail)
    {
        var late = _members.Values.Where(isLate).ToList();
        foreach (var member in late)
        {
            if (member.State == MemberState.Asked && !member.Undecided.IsNone)
            {
                LeaveOut(member, AbortReason.StillInDoubt, $"it has not heard what became of its tentative checkpoint of round {member.Undecided}, and cannot take another one before");
            }
            else
            {
                LeaveOut(member, AbortReason.TooBusy, detail);
            }
        }

        return late.Count > 0;
    }

    private void LeaveOut(RoundMember member, AbortReason reason, string detail)
    {
        member.State = MemberState.LeftOut;
        _leftOut.Add(new LeftOutMember(member.Id, reason, member.Id, detail));
        Send(member, new UndoTentative(Number));
    }

    private void Prune()
    {
        if (IsVerified || _leftOut.Count == 0)
        {
            return;
        }

        foreach (var (dependent, culprit) in CheckpointCohort.DependentsOfLeftOut(_members))
        {
            LeaveOut(dependent, ReasonOf(culprit), $"it depends on {culprit.Id}, which was left out");
        }

        ReleaseNotNeeded();
    }

    private void ReleaseNotNeeded()
    {
        foreach (var released in CheckpointCohort.NotNeededByAnyInitiator(_members))
        {
            // Not forgotten: were it asked again in this round, the Undo could reach it after its vote and undo what is committed.
            released.State = MemberState.LeftOut;
            Send(released, new UndoTentative(Number));
        }
    }

    // Released as not needed, and needed after all: the next round can have both.
    private AbortReason ReasonOf(RoundMember member) => _leftOut.Find(entry => entry.Participant == member.Id)?.Reason ?? AbortReason.TooBusy;

    private void Send(RoundMember member, ToParticipant message) => _effects.Add(new SendToParticipant(member.Id, message));
}
