using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Mutants;

/// <summary>The mistakes that are made around a coordinator: in what it is told and in what becomes of its effects.</summary>
internal sealed class CoordinatorMutants(SimulatedCluster cluster, CheckpointCoordinator coordinator)
{
    private readonly SortedDictionary<ParticipantId, SnapshotTaken> _snapshots = [];
    private bool _hasJustRead;

    /// <summary>An answer that bypasses the coordinator; null almost always.</summary>
    public ToParticipant? Answer(ToCoordinator message, DecisionRecord? beingWritten) =>
        cluster.Mutation == Mutation.DecisionAnsweredBeforeWritten && message is AskDecision ask && beingWritten?.IsCommitted(ask.Round) == true
            ? new DecisionAnswered(ask.Round, Decision.Committed)
            : null;

    /// <summary>What the coordinator hears instead of this message.</summary>
    public IEnumerable<ToCoordinator> Alter(ToCoordinator message) =>
        cluster.Mutation == Mutation.EveryoneHisOwnComponent && message is SnapshotTaken taken ? WithoutDependencies(taken)
        : cluster.Mutation == Mutation.DroppedWithOneUnproven && message is DecisionProven proven ? [proven, proven with { From = cluster.Participants[0].Id }]
        : [AlterOne(message)];

    /// <summary>The record that a new life believes to have read.</summary>
    public static DecisionRecord Believed(Mutation mutation, DecisionRecord record) => mutation != Mutation.UnnamedRunsDropped ? record : record with
    {
        Unproven = [.. record.CommittedRuns.Select(run => new UnprovenRun(run, []))],
    };

    private ToCoordinator AlterOne(ToCoordinator message) => cluster.Mutation switch
    {
        Mutation.VerificationOff when message is SnapshotTaken taken => taken with { Snapshot = FittingAlways(taken.Snapshot) },
        Mutation.CommitWithoutAllVotes when message is Voted voted => voted with { Yes = true },
        Mutation.CommitWithoutAllVotes when message is NotInRound lost && coordinator.Round?.IsVerified == true => new Voted(lost.Round, lost.From, true, ""),
        _ => message,
    };

    /// <summary>The write is left out, and the coordinator is told that it is stored.</summary>
    public bool PretendsToWrite(DecisionRecord record)
    {
        var fencesAfterRead = _hasJustRead && coordinator.Phase == CoordinatorPhase.Ready;
        _hasJustRead = false;
        return cluster.Mutation switch
        {
            Mutation.NoFencingWrite => fencesAfterRead,
            Mutation.EpochNotRaised => coordinator.Phase == CoordinatorPhase.Starting && record.Epoch > 1,
            _ => false,
        };
    }

    public void OnRead() => _hasJustRead = true;

    /// <summary>
    /// As soon as the last snapshot is there, all of them are shown again without the receipts that fit. So verification still finds what does not
    /// fit, and the split into components finds nothing that holds them together.
    /// </summary>
    private IEnumerable<ToCoordinator> WithoutDependencies(SnapshotTaken taken)
    {
        if (coordinator.Round is not { } round || round.Number != taken.Round || round.Members.GetValueOrDefault(taken.From)?.Attempt != taken.Attempt)
        {
            return [taken];
        }

        _snapshots[taken.From] = taken;
        var members = round.Members.Values.Where(member => member.IsIn).ToList();
        if (members.Exists(member => member.Id != taken.From && member.State != MemberState.Snapped)
            || members.Exists(member => _snapshots.GetValueOrDefault(member.Id)?.Round != round.Number))
        {
            return [taken];
        }

        return
        [
            .. members.Where(member => member.Id != taken.From).Select(member => WithoutFittingReceipts(_snapshots[member.Id])),
            WithoutFittingReceipts(taken),
        ];
    }

    private SnapshotTaken WithoutFittingReceipts(SnapshotTaken taken) => taken with
    {
        Snapshot = taken.Snapshot with
        {
            Receipts =
            [
                .. taken.Snapshot.Receipts.Where(receipt =>
                    _snapshots.GetValueOrDefault(receipt.Sender.Participant)?.Snapshot.Mark.Covers(receipt.Label) != true),
            ],
        },
    };

    private TentativeCheckpoint FittingAlways(TentativeCheckpoint snapshot)
    {
        var members = coordinator.Round?.Members;
        var mark = snapshot.Mark with { Label = snapshot.Mark.Label with { Sequence = long.MaxValue } };
        return new TentativeCheckpoint(
            mark,
            [.. snapshot.Receipts.Where(receipt => members is not null && members.TryGetValue(receipt.Sender.Participant, out var member) && member.IsIn)]);
    }
}
