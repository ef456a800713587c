using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.RollbackAlgorithm;

/// <summary>What the coordinator of a rollback tells a participant. The life is the one that the message is about.</summary>
internal abstract record ToRollbackParticipant(Life Life);

/// <summary>Somebody has received labels of this life up to this one: do they count? The present life of the participant answers, whichever that is.</summary>
internal sealed record AskLife(Life Life, long LastLabelReceived) : ToRollbackParticipant(Life)
{
    /// <summary>For a life that is believed to be over: all its labels.</summary>
    public const long AllLabels = long.MaxValue;
}

/// <summary>"Prepare to roll back": this life is believed to be an orphan.</summary>
internal sealed record PrepareToRollBack(Life Life) : ToRollbackParticipant(Life);

/// <summary>"Roll back": all orphans are ready and no undone message can be received any more.</summary>
internal sealed record RollBack(Life Life) : ToRollbackParticipant(Life);

/// <summary>What the coordinator of a rollback tells the agent of a silo: facts, in the order in which it learnt them.</summary>
/// <param name="Coordinator">The life of the coordinator: positions are its own.</param>
/// <param name="Epoch">That of the coordinator: an outdated one is not obeyed.</param>
/// <param name="Position">How many facts come before these.</param>
/// <param name="Ends">The facts.</param>
/// <param name="Forgotten">So many of the first facts need not be installed any more.</param>
/// <param name="AsksForAll">The silo has not said yet what it knows itself.</param>
internal sealed record InstallEnds(Guid Coordinator, long Epoch, int Position, ImmutableArray<LifeEnd> Ends, int Forgotten = 0, bool AsksForAll = false);

/// <summary>What the coordinator of a rollback tells the agents about suspects that turned out to be none. It may be lost: they report again.</summary>
internal sealed record SuspectsCleared(ImmutableArray<LabelsCount> Lives);

/// <summary>What participants and agents tell the coordinator of a rollback.</summary>
internal abstract record ToRollbackCoordinator;

/// <summary>These labels were received, and their senders may have forgotten sending them.</summary>
internal sealed record SuspectsReported(ImmutableArray<Suspect> Suspects) : ToRollbackCoordinator;

internal readonly record struct Suspect(Life Life, long LastLabelReceived);

/// <summary>These lives are orphans.</summary>
internal sealed record OrphansReported(ImmutableArray<Life> Orphans) : ToRollbackCoordinator;

/// <summary>
/// The labels that were asked for count. Either the life goes on: then it is named with the silo where it is now, and with its last label. Or it is
/// over, and the permanent checkpoint covers its labels up to this one: then it is named without a silo.
/// </summary>
internal sealed record LabelsCount(Life Life, long LastLabel) : ToRollbackCoordinator;

/// <summary>The life that was asked for is over.</summary>
internal sealed record LifeEnded(LifeEnd End) : ToRollbackCoordinator;

/// <summary>"Yes" to "prepare to roll back": this life sends and processes nothing any more, and this is where it will have ended.</summary>
internal sealed record ReadyToRollBack(LifeEnd End) : ToRollbackCoordinator;

/// <summary>"No": nothing that this life has received is undone, as far as its silo knows.</summary>
internal sealed record NotAnOrphan(Life Life) : ToRollbackCoordinator;

/// <summary>Another life has begun in the place of this one.</summary>
internal sealed record RolledBack(Life Life) : ToRollbackCoordinator;

/// <summary>The silo drops labels by all facts up to this position, and has looked for orphans among its participants since.</summary>
/// <param name="Silo">Which silo.</param>
/// <param name="Coordinator">The life of the coordinator whose facts were installed.</param>
/// <param name="Epoch">That of the coordinator.</param>
/// <param name="Position">How many facts of that coordinator are installed.</param>
/// <param name="Orphans">The orphans among the participants of this silo.</param>
/// <param name="HasOrphanOnItsWay">RB-13: one that has left this silo and was not found elsewhere is an orphan too, so this silo has to look again.</param>
/// <param name="AllEnds">All that the silo knows, if it was asked for that: a coordinator may be younger than the facts.</param>
internal sealed record EndsInstalled(
    SiloId Silo, Guid Coordinator, long Epoch, int Position, ImmutableArray<Life> Orphans, bool HasOrphanOnItsWay, ImmutableArray<LifeEnd>? AllEnds) : ToRollbackCoordinator;
