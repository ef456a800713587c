using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>
/// "Prepare to roll back, if all are willing": somebody has asked for it. A life without an incarnation stands for the present one, whichever that
/// is. A dry run only wants to know.
/// </summary>
internal sealed record AskToRollBack(Guid Request, Life Life, bool IsDryRun) : ToRollbackParticipant(Life);

/// <summary>All members have drained: from your next quiescent instant on admit nothing more, nested calls neither.</summary>
internal sealed record HoldForRollBack(Guid Request, Life Life) : ToRollbackParticipant(Life);

/// <summary>"Do not roll back": go on as if nobody had asked.</summary>
internal sealed record DoNotRollBack(Guid Request, Life Life) : ToRollbackParticipant(Life);

/// <summary>
/// The vote is yes. Told to the one whose rollback was asked for and to nobody else: when it gets ready it has happened, and everybody
/// else follows because an orphan has to.
/// </summary>
/// <param name="Request">Which request.</param>
/// <param name="Life">Whose rollback was asked for.</param>
/// <param name="Vote">Which yes it rests on: that counts as long as its life has not gone on since.</param>
internal sealed record RollBackAsAsked(Guid Request, Life Life, Guid Vote) : ToRollbackParticipant(Life);

/// <summary>To an agent: who would be an orphan if these lives had ended there? Nothing of this is a fact.</summary>
/// <param name="Request">Which request.</param>
/// <param name="Epoch">That of the coordinator: an outdated one is not answered.</param>
/// <param name="Wave">How often the silos were asked before.</param>
/// <param name="Ends">The ends.</param>
internal sealed record TestEnds(Guid Request, long Epoch, int Wave, ImmutableArray<LifeEnd> Ends);

/// <summary>This life would end there. Said at once, and again when it has drained.</summary>
/// <param name="Request">Which request.</param>
/// <param name="End">Where this life would end: of its labels, the permanent checkpoint remembers those up to here.</param>
/// <param name="LastLabel">Its last label; those above the end would be undone.</param>
/// <param name="CallsUndone">How many calls it has run that would be undone.</param>
/// <param name="IsDrained">No handler runs and no call is outstanding.</param>
/// <param name="Vote">Names this yes; one that goes on, or moves, and joins again gives another one.</param>
internal sealed record WouldRollBack(Guid Request, LifeEnd End, long LastLabel, long CallsUndone, bool IsDrained, Guid Vote) : ToRollbackCoordinator;

/// <summary>Nothing is admitted here until the decision is known.</summary>
internal sealed record HeldForRollBack(Guid Request, Life Life) : ToRollbackCoordinator;

/// <summary>"No".</summary>
/// <param name="Request">Which request.</param>
/// <param name="Life">Who was asked.</param>
/// <param name="Reason">Why.</param>
/// <param name="Vote">If it is the answer to the word that decides: the yes on which that rested, and on which nobody will ever act.</param>
internal sealed record CannotRollBack(Guid Request, Life Life, WhyNotRolledBack Reason, Guid Vote) : ToRollbackCoordinator;

/// <summary>The answer to <see cref="TestEnds"/>.</summary>
internal sealed record EndsTested(Guid Request, SiloId Silo, int Wave, ImmutableArray<WouldBeOrphan> Orphans) : ToRollbackCoordinator;

/// <summary>Why somebody is drawn in: it has received this label, of which only those up to the end would count.</summary>
internal readonly record struct WouldBeOrphan(Life Life, Receipt LastLabelReceived, long End);

/// <summary>Why a rollback that was asked for does not happen, or may not.</summary>
internal enum WhyNotRolledBack
{
    /// <summary>willing_to_roll is no.</summary>
    Unwilling,

    /// <summary>It did not drain in time.</summary>
    TooBusy,

    /// <summary>A loss has made somebody an orphan: that rollback comes first.</summary>
    ForcedRollback,

    /// <summary>The life that was asked has ended meanwhile.</summary>
    LifeOver,

    /// <summary>It had not heard from the coordinator for too long and went on.</summary>
    WentOn,

    /// <summary>Nobody could say in time whom it concerns: somebody who was asked has not answered, or a silo. Never said by a participant.</summary>
    NoAnswer,

    /// <summary>It may happen all the same: the first one was told to get ready, and nothing was heard of it since. Never said by a participant.</summary>
    Unknown,
}

/// <summary>Who rolls back with whom and why, and how many labels and calls it undoes.</summary>
internal sealed record RollbackMember(LifeEnd End, long LastLabel, long CallsUndone, WouldBeOrphan? Reason)
{
    public long LabelsUndone => LastLabel - End.LastSequence;
}

/// <summary>How a request for a rollback ended.</summary>
/// <param name="IsDecided">Whether it happens; of a dry run, whether it could be told who would roll back.</param>
/// <param name="Members">Whom it concerns, first the one whose rollback was asked for.</param>
/// <param name="WhyNot">The reason if it does not happen.</param>
/// <param name="Refused">Who said so.</param>
internal sealed record RequestedRollbackOutcome(bool IsDecided, ImmutableArray<RollbackMember> Members, WhyNotRolledBack? WhyNot, Life? Refused);
