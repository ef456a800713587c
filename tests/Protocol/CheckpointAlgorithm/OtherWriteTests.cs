using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;

namespace Checkpointing.Protocol.Tests.CheckpointAlgorithm;

/// <summary>
/// A round begins while the record is being written for another reason: to drop what is proven, or to find out whether this life is still in charge. No gate may wait for
/// storage (G6), so only the decision waits for the end of that write.
/// </summary>
public sealed class OtherWriteTests
{
    private static readonly RoundNumber Number = new(1, 1);
    private static readonly ParticipantId P = ParticipantId.Named("p");

    private readonly CheckpointCoordinator _coordinator = new(DecisionRecord.First(Guid.NewGuid()), Guid.NewGuid(), new CoordinatorLimits(MaxAttempts: 3));

    public OtherWriteTests()
    {
        _coordinator.Start();
        _coordinator.OnRecordWritten(RecordWriteOutcome.Stored);
        Assert.IsType<WriteRecord>(Assert.Single(_coordinator.OnLookup(new RoundNumber(2, 1))));
        _coordinator.OnRequest(new CheckpointRequest(1, [P], []));
        _coordinator.OnMessage(new Joined(Number, P, Drained: true, CheckpointMark.Initial, [], []));
    }

    [Fact]
    public void Gates_open_at_once_and_the_decision_waits()
    {
        var store = Assert.Single(_coordinator.OnMessage(Taken(isUnchanged: false)).OfType<SendToParticipant>().Select(send => send.Message).OfType<StoreSnapshot>());
        Assert.Empty(_coordinator.OnMessage(new Voted(store.Number, P, Yes: true, "")).OfType<WriteRecord>());

        var written = Assert.Single(_coordinator.OnRecordWritten(RecordWriteOutcome.Stored).OfType<WriteRecord>()).Record;
        Assert.True(written.IsCommitted(store.Number));
        Assert.IsType<CheckpointCommitted>(Assert.Single(_coordinator.OnRecordWritten(RecordWriteOutcome.Stored).OfType<CompleteRequest>()).Outcome);
    }

    [Fact]
    public void A_round_with_nothing_to_do_ends_at_once()
    {
        var effects = _coordinator.OnMessage(Taken(isUnchanged: true));
        Assert.Single(effects.OfType<SendToParticipant>().Select(send => send.Message).OfType<UndoTentative>());
        Assert.IsType<NothingToCheckpoint>(Assert.Single(effects.OfType<CompleteRequest>()).Outcome);
    }

    private static SnapshotTaken Taken(bool isUnchanged) => new(
        Number, P, 1, new TentativeCheckpoint(new CheckpointMark(new MessageLabel(new Incarnation(1, new Guid(1, 0, 0, new byte[8])), 1), IncarnationTable.Empty), []), isUnchanged);
}
