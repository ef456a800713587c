using System.Collections.Immutable;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>Somebody asks that these participants take a checkpoint.</summary>
/// <param name="Id">Chosen by the host; comes back in <see cref="CompleteRequest"/>.</param>
/// <param name="Initiators">Who must take a checkpoint, with whomever that draws in.</param>
/// <param name="AwaitedBy">Participants in whose call chain the caller waits for the result: a round that must drain one of them can never end (SPEC K14).</param>
internal sealed record CheckpointRequest(long Id, ImmutableArray<ParticipantId> Initiators, ImmutableArray<ParticipantId> AwaitedBy)
{
    /// <summary>K14: its caller was told not to wait, and hears no more.</summary>
    public bool IsAnswered { get; init; }

    /// <summary>How many rounds have tried.</summary>
    public int Attempts { get; init; }

    /// <summary>The initiators that none of those rounds has settled: only they are asked again.</summary>
    public ImmutableArray<ParticipantId> Remaining { get; init; } = Initiators;

    /// <summary>What those rounds came to; left out are only initiators that it is no use to ask again.</summary>
    public RoundReport Earlier { get; init; } = RoundReport.Empty;

    /// <summary>An initiator with a permanent checkpoint that is younger than the request: a later round may leave it out, and it is well all the same.</summary>
    public bool IsSettled(ParticipantId participant) =>
        Remaining.Length < Initiators.Length && Initiators.Contains(participant) && !Remaining.Contains(participant)
        && !Earlier.LeftOut.Any(member => member.Participant == participant);

    /// <summary>The outcome if its rounds have come to this and these initiators have no new permanent checkpoint.</summary>
    public CheckpointOutcome Outcome(RoundReport report, IReadOnlyCollection<LeftOutMember> failures) => (failures.FirstOrDefault(), report.Committed.Any(member => Initiators.Contains(member.Participant))) switch
    {
        (null, true) => new CheckpointCommitted(report),
        (null, false) => new NothingToCheckpoint(report),
        ({ } first, true) => new CheckpointPartlyCommitted(first, report),
        ({ } first, false) => new CheckpointAborted(first, report),
    };

    /// <summary>The outcome if it is given up now: all initiators that it still waited for have failed in the same way.</summary>
    public CheckpointOutcome GivenUp(RoundNumber round, AbortReason reason, ParticipantId? culprit, string detail)
    {
        ImmutableArray<LeftOutMember> failures =
            [.. Earlier.LeftOut, .. Remaining.Select(initiator => new LeftOutMember(initiator, reason, culprit, detail))];
        return Outcome(Earlier with { Round = round, LeftOut = failures }, failures);
    }
}

/// <summary>What became of a request.</summary>
internal abstract record CheckpointOutcome(RoundReport Report);

/// <summary>All initiators that were changed have a new permanent checkpoint.</summary>
internal sealed record CheckpointCommitted(RoundReport Report) : CheckpointOutcome(Report);

/// <summary>Some initiators have a new permanent checkpoint; the first that has none is named, and all of them are left out in the report.</summary>
internal sealed record CheckpointPartlyCommitted(LeftOutMember First, RoundReport Report) : CheckpointOutcome(Report);

/// <summary>No initiator has a new permanent checkpoint.</summary>
internal sealed record CheckpointAborted(LeftOutMember First, RoundReport Report) : CheckpointOutcome(Report);

/// <summary>State, sends and receipts of every initiator are as in its permanent checkpoint (SPEC K4).</summary>
internal sealed record NothingToCheckpoint(RoundReport Report) : CheckpointOutcome(Report);

/// <summary>Why a participant, and with it its component, was left out of the decision.</summary>
internal enum AbortReason
{
    /// <summary>willing_to_ckpt was no.</summary>
    Unwilling,

    /// <summary>Its state could not be copied.</summary>
    CaptureFailed,

    /// <summary>Its running call chains did not end, or messages kept overtaking its snapshot, within the pause bound.</summary>
    TooBusy,

    /// <summary>It depends on undone work.</summary>
    OrphanFound,

    /// <summary>It could not be reached, or was lost or restarted during the round.</summary>
    Lost,

    /// <summary>Its snapshot is not durable, or nobody knows whether it is.</summary>
    NotStored,

    /// <summary>It has not heard the decision of an earlier round, and cannot join before.</summary>
    StillInDoubt,

    /// <summary>The request is awaited inside a call chain that its own round has to drain.</summary>
    AwaitedInsideRound,

    /// <summary>The decision could not be recorded.</summary>
    DecisionNotStored,

    /// <summary>Another life of the coordinator has taken over.</summary>
    Superseded,
}

/// <summary>A round in numbers, and why each member was in it.</summary>
/// <param name="Round">The round; of several the last.</param>
/// <param name="Committed">Who has a new permanent checkpoint.</param>
/// <param name="LeftOut">Who was left out, and why.</param>
/// <param name="Retakes">How often snapshots were taken again.</param>
/// <param name="StableWrites">One for each committed member and one for the decision (G6).</param>
internal sealed record RoundReport(
    RoundNumber Round, ImmutableArray<MemberReport> Committed, ImmutableArray<LeftOutMember> LeftOut, int Retakes, int StableWrites)
{
    public static RoundReport Empty { get; } = new(RoundNumber.None, [], [], 0, 0);

    /// <summary>This round and those before it that served the same request. Whom one of them has committed was not left out in the end.</summary>
    public RoundReport After(RoundReport earlier)
    {
        if (earlier == Empty)
        {
            return this;
        }

        ImmutableArray<MemberReport> committed = [.. Committed.Concat(earlier.Committed).DistinctBy(member => member.Participant)];
        var isCommitted = committed.Select(member => member.Participant).ToHashSet();
        return this with
        {
            Committed = committed,
            LeftOut = [.. earlier.LeftOut.Concat(LeftOut).DistinctBy(member => member.Participant).Where(member => !isCommitted.Contains(member.Participant))],
            Retakes = earlier.Retakes + Retakes,
            StableWrites = earlier.StableWrites + StableWrites,
        };
    }
}

/// <summary>A participant that was left out of a decision.</summary>
/// <param name="Participant">Who.</param>
/// <param name="Reason">Why.</param>
/// <param name="Culprit">Whose fault it was: its own, or that of a member of its component. Null: nobody's among the participants.</param>
/// <param name="Detail">What became of the culprit.</param>
internal sealed record LeftOutMember(ParticipantId Participant, AbortReason Reason, ParticipantId? Culprit, string Detail);

/// <summary>
/// One member of a committed component. Drawn in by a peer: both values of the paper's predicate are given next to the mark that our own
/// comparison used; the initiator has none.
/// </summary>
internal sealed record MemberReport(
    ParticipantId Participant,
    RoundNumber Number,
    ParticipantId? DrawnInBy,
    MessageLabel LastLabelReceived,
    long FirstLabelSent,
    CheckpointMark PreviousMark);
