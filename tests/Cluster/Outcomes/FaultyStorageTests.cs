using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Writes of slots and of the record that fail, land unheard, or come too late (SPEC D10).</summary>
[Collection(SharedOutcomeCluster.Collection)]
public sealed class FaultyStorageTests(SharedOutcomeCluster shared) : IDisposable
{
    private readonly OutcomeCluster _cluster = shared.Cluster;

    private RecordStore Store => _cluster.Store;

    public void Dispose() => Store.ForgetPlans();

    /// <summary>CP-7: an outcome that nobody knows is a No.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_slot_that_is_not_known_to_be_stored_aborts_the_round_and_the_next_one_commits(bool lands)
    {
        var (p, q) = (_cluster.New<IParticipantGrain>("p"), _cluster.New<IParticipantGrain>("q"));
        await p.Put(1, self => self.Own(q).Put(1));
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);

        await p.Put(1, self => self.Own(q).Put(1));
        Store.OnNextWrite(q.GetGrainId(), lands ? WriteFault.FailsButLands : WriteFault.Fails);
        var aborted = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (aborted.Status, aborted.Reason));
        Assert.Contains(q.GetGrainId().ToString(), aborted.Detail, StringComparison.Ordinal);
        Assert.Contains("storage 'checkpoints' failed", aborted.Detail, StringComparison.Ordinal);
        Assert.Contains("Check the storage provider", aborted.Detail, StringComparison.Ordinal);

        // A grain that would start now has the first checkpoint.
        Assert.Equal((1, 1), (await Stored(p), await Stored(q)));

        await p.Put(1);
        Assert.Equal((3, 2), (await p.Get(), await q.Get()));
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        Assert.Equal((3, 2), (await Stored(p), await Stored(q)));
    }

    [Fact]
    public async Task An_activation_that_another_one_has_overtaken_saves_nothing_and_stops()
    {
        var p = _cluster.New<IParticipantGrain>();
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);

        // The other activation has written its next checkpoint into the free slot; the round of that was not committed.
        var mine = SlotRecord.Open(Store[RecordStore.SlotA, p.GetGrainId()]!);
        var others = mine with
        {
            Head = mine.Head with
            {
                Generation = mine.Head.Generation + 5,
                Round = mine.Head.Round with { Number = 1_000_000 },
                BaseRound = mine.Head.Round,
                Writer = new Incarnation(mine.Writer.Generation + 3, Guid.NewGuid()),
            },
        };
        Store.Put(RecordStore.SlotB, p.GetGrainId(), others.Seal());
        var stored = Store.SlotsOf(p.GetGrainId());

        await p.Put(1);

        // RB-9: the changes are lost with this life, so its next one is asked where it ended, and fences. That write waits; the first one is what the overtaken life tries.
        var (fences, mayFence) = (new Signal(), new Signal());
        Store.OnNextWrite(p.GetGrainId(), write => write());
        Store.OnNextWrite(p.GetGrainId(), WriteFault.Waits(fences, mayFence));
        var stops = _cluster.Silos.WaitForDeactivationAsync(p);
        var result = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (result.Status, result.Reason));
        Assert.Contains("another activation", result.Detail, StringComparison.OrdinalIgnoreCase);
        await stops.WithTimeLimit();
        await fences.Happens;
        Assert.Equal(stored, Store.SlotsOf(p.GetGrainId()));
        mayFence.Set();
        Assert.Equal(1, await p.Get());
        Assert.True(SlotRecord.Open(Store[RecordStore.SlotB, p.GetGrainId()]!).Writer.Generation > others.Writer.Generation);
    }

    /// <summary>What an earlier life has left in the free slot is overwritten only if it is certain that it does not count (SPEC K7).</summary>
    [Theory]
    [InlineData("committed", "another activation of the grain has written meanwhile")]
    [InlineData("unknown", "an earlier activation, and that round is not decided yet")]
    public async Task A_slot_of_an_earlier_life_is_not_overwritten_unless_its_round_is_aborted(string decision, string why)
    {
        var (p, q) = (await _cluster.OnceCheckpointed(), await _cluster.OnceCheckpointed());
        var mine = SlotRecord.Open(Store[RecordStore.SlotA, p.GetGrainId()]!);
        var round = SlotRecord.Open(Store[RecordStore.SlotA, q.GetGrainId()]!).Head.Round;
        var earlier = mine with
        {
            Head = mine.Head with
            {
                Generation = mine.Head.Generation + 1,
                Round = decision == "committed" ? round : round with { Epoch = round.Epoch + 100 },
                BaseRound = mine.Head.Round,
                Writer = new Incarnation(mine.Writer.Generation - 1, Guid.NewGuid()),
            },
        };
        Store.Put(RecordStore.SlotB, p.GetGrainId(), earlier.Seal());
        var stored = Store.SlotsOf(p.GetGrainId());

        await p.Put(1);
        for (var i = 0; i < 2; i++)
        {
            var result = await _cluster.Checkpoint(p);
            Assert.Equal(CheckpointStatus.Aborted, result.Status);
            Assert.Contains(why, result.Detail, StringComparison.Ordinal);
            Assert.Equal(stored, Store.SlotsOf(p.GetGrainId()));
            if (decision == "committed")
                return;
        }

        Store.Put(RecordStore.SlotB, p.GetGrainId(), null);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
    }

    [Fact]
    public async Task A_decision_that_could_not_be_written_aborts_the_round_for_everybody()
    {
        var p = await _cluster.OnceCheckpointed();
        await p.Put(1);
        Store.OnNextWrite(RecordStore.Coordinator, WriteFault.Fails);
        var aborted = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.DecisionNotStored), (aborted.Status, aborted.Reason));
        Assert.Contains("The previous permanent checkpoints still hold", aborted.Detail, StringComparison.Ordinal);
        Assert.Equal((2, 1), (await p.Get(), await Stored(p)));

        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        Assert.Equal(2, await Stored(p));
    }

    /// <summary>CP-12: what the record says stands, whatever the writer was told.</summary>
    [Fact]
    public async Task A_decision_that_was_written_although_the_store_said_no_stands()
    {
        var p = await _cluster.OnceCheckpointed();
        await p.Put(1);
        Store.OnNextWrite(RecordStore.Coordinator, WriteFault.FailsButLands);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        Assert.Equal(2, await Stored(p));
    }

    /// <summary>CP-11: a younger epoch in the record ends the older life.</summary>
    [Fact]
    public async Task A_coordinator_that_was_replaced_retires_and_the_next_one_serves()
    {
        var p = await _cluster.OnceCheckpointed();
        await p.Put(1);
        var outside = new DecisionRecordStorage(Store, "checkpoints", RecordStore.Coordinator);
        var record = (await outside.Read())!;
        var (outcome, _) = await outside.Write(record with { Epoch = record.Epoch + 5, Stamp = new WriteStamp(Guid.NewGuid(), 1) });
        Assert.Equal(RecordWriteOutcome.Stored, outcome);

        var result = await _cluster.Checkpoint(p);
        if (result.Status != CheckpointStatus.Committed)
        {
            Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.CoordinatorReplaced), (result.Status, result.Reason));
            Assert.Contains("Ask again", result.Detail, StringComparison.Ordinal);
            Assert.Equal(1, await Stored(p));
            result = await _cluster.Checkpoint(p);
        }

        Assert.Equal(CheckpointStatus.Committed, result.Status);
        Assert.Equal(2, await Stored(p));
        Assert.Equal(record.Epoch + 6, (await outside.Read())!.Epoch);
        Assert.StartsWith($"{record.Epoch + 6}.", result.Round, StringComparison.Ordinal);
    }

    /// <summary>The sum that a new life of the grain starts from: read by a grain of another name that is given its records.</summary>
    private async Task<int> Stored(IParticipantGrain grain)
    {
        var reader = _cluster.New<IParticipantGrain>("reader");
        Store.Copy(grain.GetGrainId(), reader.GetGrainId());
        return await reader.Get();
    }
}
