using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

/// <summary>Trap T10: to whom nothing was sent before the permanent checkpoint, ⊤ is sent, as the sources print it.</summary>
internal sealed class EmptyLastLabelSentIsTop(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override Label LastLabelSentTo(ProcessName other) => Process.Permanent.LastLabelsSent.GetValueOrDefault(other, Label.Top);
}

/// <summary>Trap T9: the last label received from the other, instead of the last one sent to it.</summary>
internal sealed class LastLabelReceivedInsteadOfSent(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override Label LastLabelSentTo(ProcessName other) => Process.Bookkeeping.LastLabelReceived.GetValueOrDefault(other);
}

/// <summary>One number for all receivers: the watermark W. Not a mutant but rule B6, which is claimed to give the same answers.</summary>
internal sealed class WatermarkInsteadOfLastLabelSent(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override Label LastLabelSentTo(ProcessName other) => Process.Permanent.LastLabelSent;
}

/// <summary>Reads > as ≥.</summary>
internal sealed class RollsBackOnEqualLabels(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override bool DependsOnWhatIsUndone(PrepareToRollBack prepare)
        => prepare.From == Daemon.Id || Process.Bookkeeping.LastReceivedSincePermanent(prepare.From) >= prepare.LastLabelSent;
}

/// <summary>Rolls back whomever it is asked by: no predicate at all.</summary>
internal sealed class RollsBackWhoeverIsAsked(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override bool DependsOnWhatIsUndone(PrepareToRollBack prepare) => true;
}

/// <summary>Accepts a second PREPARE.</summary>
internal sealed class NoReadyGuard(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override bool MayJoin() => true;
}

/// <summary>Is never ready again.</summary>
internal sealed class ReadyOnlyOnce(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    private bool _hasBeenAsked;

    protected override bool MayJoin() => base.MayJoin() && !_hasBeenAsked;

    protected override void GetReady()
    {
        base.GetReady();
        _hasBeenAsked = true;
    }
}

/// <summary>Asks those it has received from, not those it has sent to.</summary>
internal sealed class AsksTheSenders(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override IEnumerable<ProcessName> EvaluateRollCohort() => Process.Bookkeeping.LastLabelReceived.Keys;
}

/// <summary>
/// Asks those it remembers to have sent to since its last checkpoint. Enough for a process that remembers; a process that has failed does
/// not.
/// </summary>
internal sealed class AsksTheRememberedReceivers(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override IEnumerable<ProcessName> EvaluateRollCohort() => Process.Bookkeeping.FirstLabelSent.Keys;
}

/// <summary>Reads "(roll back or resume) and not ready" as "roll back, or resume and not ready".</summary>
internal sealed class UnguardedRollBack(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override bool Heeds(RollbackDecision decision) => decision is RollBack || base.Heeds(decision);
}

/// <summary>One phase: goes back as soon as it is asked, whatever the others will answer.</summary>
internal sealed class OnePhase(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override IEnumerable<ProcessName> EvaluateRollCohort()
    {
        Process.RollBack();
        return base.EvaluateRollCohort();
    }
}

/// <summary>Votes at once, without the votes of its cohort.</summary>
internal sealed class VotesForItselfAlone(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override bool HasToWait() => false;
}

/// <summary>Keeps the decision to itself.</summary>
internal sealed class DoesNotForward(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override IEnumerable<ProcessName> CohortToTell() => [];
}

/// <summary>Rule C6: goes by what the rollback says and leaves a round in which it has voted yes.</summary>
internal sealed class DoesNotAwaitTheDecision(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override bool MustFirstLearnTheDecision() => false;
}

/// <summary>Rule C6: stays in the round that it has not voted in, with a tentative checkpoint of what is undone.</summary>
internal sealed class StaysInTheRound(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override void LeaveUndecidedRound(TentativeCheckpoint tentative)
    {
    }
}

/// <summary>Rule C6: takes a tentative checkpoint while it is frozen, of a state that is about to be undone.</summary>
internal sealed class CheckpointsWhileFrozen(Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations)
    : RollbackMember(process, everybody, network, observations)
{
    protected override bool RefusesCheckpoints() => false;
}
