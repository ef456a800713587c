using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Cluster.Tests.StableStorage;

/// <summary>One life of a grain and its two slots, without the rest of a silo.</summary>
internal sealed class SlotsOfOneLife
{
    public static readonly Guid StoreId = Guid.NewGuid();

    private readonly CheckpointSlots _slots;

    private SlotsOfOneLife(CheckpointSlots slots) => _slots = slots;

    public CheckpointSlots Slots => _slots;

    public Incarnation Life { get; private set; }

    /// <summary>Reads the slots as a grain that starts does. Rounds that are not in <paramref name="committed"/> are aborted.</summary>
    public static async Task<SlotsOfOneLife> Begin(RecordStore store, GrainId grain, params long[] committed)
    {
        var slots = new CheckpointSlots(store, "memory", grain, slot =>
        {
            Assert.False(slot.Head.IsFence, "a fence has no round to ask about");
            return Task.FromResult(committed.Contains(slot.Head.Round.Number) ? StoredDecision.Committed : StoredDecision.Aborted);
        });
        var (a, b) = await slots.Read();
        slots.Choose(PermanentSlot.Choose(a?.Head, b?.Head) switch
        {
            SlotChosen chosen => chosen.Permanent,
            SlotInDoubt doubt => committed.Contains(doubt.Round.Number) ? doubt.IfCommitted : doubt.IfAborted,
            var other => throw new InvalidOperationException(other.ToString()),
        });
        return new SlotsOfOneLife(slots) { Life = new Incarnation(slots.NextGeneration(), Guid.NewGuid()) };
    }

    public Task<(SlotWriteOutcome Outcome, string Detail)> Store(long round) => _slots.Write(new SlotRecord(
        new SlotHead(SlotHead.NotWritten, new RoundNumber(1, round), _slots.Permanent?.Round ?? RoundNumber.None, MarkAt(round), Life),
        StoreId,
        [],
        [("state", [(byte)round])]));

    public async Task Commit(long round)
    {
        Assert.Equal((SlotWriteOutcome.Stored, ""), await Store(round));
        _slots.Adopt();
    }

    public Task<(FenceOutcome Outcome, string Detail)> Fence() => _slots.WriteFence(StoreId, Life);

    public CheckpointMark MarkAt(long round) => new(new MessageLabel(Life, round), IncarnationTable.Empty);
}
