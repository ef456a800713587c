using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Mutants;

/// <summary>Trusts last_rmsg ≥ first_smsg > ⊥ alone to prevent a second tentative checkpoint in a round.</summary>
internal sealed class NoGuardAgainstASecondTentative(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override bool IsNeeded(TakeTentative take, bool sentSinceLastCheckpoint) => sentSinceLastCheckpoint;
}

/// <summary>Reads ≥ as >.</summary>
internal sealed class StrictComparison(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override bool SentSinceLastCheckpoint(TakeTentative take)
        => take.From == Daemon.Id
            || (take.LastLabelReceived > Bookkeeping.FirstSentTo(take.From) && Bookkeeping.FirstSentTo(take.From) > Label.Bottom);
}

/// <summary>Leaves out "> ⊥": who has sent nothing since its checkpoint is drawn in.</summary>
internal sealed class NoBottomGuard(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override bool SentSinceLastCheckpoint(TakeTentative take) => take.LastLabelReceived >= Bookkeeping.FirstSentTo(take.From);
}

/// <summary>Takes an empty last_rmsg for ⊤ instead of ⊥: asks everybody, and whoever has sent it anything is drawn in.</summary>
internal sealed class EmptyLastLabelReceivedIsTop(
    ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping, ImmutableArray<ProcessName> everybody)
    : Process(id, network, observations, bookkeeping)
{
    protected override ImmutableArray<(ProcessName Process, Label LastLabelReceived)> EvaluateCohort()
        => [.. everybody.Where(other => other != Id).Select(other => (other, Bookkeeping.LastLabelReceived.GetValueOrDefault(other, Label.Top)))];
}

/// <summary>Goes on sending with a tentative checkpoint.</summary>
internal sealed class SendsWhileTentative(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    public override bool MaySend => true;
}

/// <summary>Trap T4: an unwilling process votes no even if it need not take part.</summary>
internal sealed class UnwillingKillsTheRound(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override void AnswerWithoutTaking(TakeTentative take, bool isNeeded) => SendVote(take.Round, take.From, WillingToCheckpoint);
}

/// <summary>Trap T4: who was unwilling once stays so.</summary>
internal sealed class UnwillingForEver(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override void StartRound(bool isWilling) => WillingToCheckpoint &= isWilling;
}

/// <summary>Trap T5: forwards every copy of a decision.</summary>
internal sealed class UnguardedDecision(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override bool Heeds(Decision decision) => true;
}

/// <summary>Forwards the decision to the senders since the tentative checkpoint, not to those it had asked.</summary>
internal sealed class CohortNotFrozen(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override ImmutableArray<ProcessName> CohortToTell() => [.. Bookkeeping.LastLabelReceived.Keys];
}

/// <summary>Trap T6: answers a second TAKE only together with the first.</summary>
internal sealed class SecondTakeWaitsForTheVote(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    private readonly List<ProcessName> _alsoWaiting = [];

    protected override void AnswerWithoutTaking(TakeTentative take, bool isNeeded)
    {
        if (HoldsTentativeOf(take.Round))
        {
            _alsoWaiting.Add(take.From);
        }
        else
        {
            base.AnswerWithoutTaking(take, isNeeded);
        }
    }

    protected override void VoteToParent(TentativeCheckpoint tentative)
    {
        base.VoteToParent(tentative);
        _alsoWaiting.ForEach(parent => SendVote(tentative.Round, parent, yes: true));
        _alsoWaiting.Clear();
    }
}

/// <summary>Takes a tentative checkpoint for a round whose decision it has already heard.</summary>
internal sealed class JoinsAFinishedRound(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override bool IsOver(RoundNumber round) => false;
}
