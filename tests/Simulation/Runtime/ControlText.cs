using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Control messages in the words of the paper, for traces.</summary>
internal static class ControlText
{
    public static string Of(ToParticipant message) => message switch
    {
        JoinRound join => $"take a tentative checkpoint for round {join.Round}{(join.IsInitiator ? " (by name)" : "")}"
            + Listed(join.Claims, claim => $", last_rmsg of {claim.Receiver} = {claim.LastLabelReceived}"),
        TakeSnapshot take => $"snapshot for round {take.Round}, attempt {take.Attempt}",
        StoreSnapshot store => $"store the snapshot of round {store.Round}, attempt {store.Attempt}, as {store.Number}",
        MakePermanent permanent => $"make {permanent.Round} permanent",
        UndoTentative undo => $"undo {undo.Round}",
        ProveDecision prove => $"prove {prove.Round} by your own storage",
        DecisionAnswered answer => $"{answer.Round} is {answer.Decision}",
        _ => message.ToString(),
    };

    public static string Of(ToCoordinator message) => message switch
    {
        Joined joined => $"{joined.From} has joined {joined.Round}{(joined.Drained ? ", drained" : "")}, {joined.PermanentMark}, received [{string.Join(' ', joined.Receipts)}]",
        NotNeeded notNeeded => $"{notNeeded.From} is not needed in {notNeeded.Round}, {notNeeded.PermanentMark}",
        SnapshotTaken taken => $"{taken.From} took tentative checkpoint of {taken.Round}, attempt {taken.Attempt}: {taken.Snapshot}{(taken.IsUnchanged ? ", unchanged" : "")}",
        Voted voted => $"{voted.From} votes {(voted.Yes ? "yes" : "no")} on {voted.Round} {voted.Detail}",
        StillInDoubt doubt => $"{doubt.From} cannot join {doubt.Round}: in doubt about {doubt.Undecided}",
        _ => message.ToString(),
    };

    public static string Of(CheckpointOutcome outcome) => outcome switch
    {
        CheckpointCommitted committed => $"committed {string.Join(", ", committed.Report.Committed.Select(member => $"{member.Participant}:{member.Number}"))}",
        CheckpointPartlyCommitted partly => $"committed in part, {Of(partly.First)}",
        CheckpointAborted aborted => $"aborted, {Of(aborted.First)}",
        _ => "nothing to do",
    };

    private static string Of(LeftOutMember failure) => $"{failure.Reason} {failure.Culprit}: {failure.Detail}";

    private static string Listed<T>(ImmutableArray<T> items, Func<T, string> text) => string.Concat(items.Select(text));
}
