using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Records that cannot be trusted: the grain does not start, its caller reads why, and nothing is overwritten (SPEC K11, K12).</summary>
[Collection(SharedOutcomeCluster.Collection)]
public sealed class DamagedRecordTests(SharedOutcomeCluster shared)
{
    private readonly OutcomeCluster _cluster = shared.Cluster;

    [Theory]
    [InlineData("flipped bit", "its checksum does not match its content")]
    [InlineData("later format", "it has format 2, this version reads format 1")]
    [InlineData("truncated", "its checksum does not match its content")]
    [InlineData("truncated before it was sealed", "is beyond the end of the data")]
    [InlineData("empty", "its content ends early or is malformed")]
    [InlineData("longer than it says", "its content is longer than what it says")]
    [InlineData("missing base", "is missing from storage 'checkpoints'")]
    public async Task A_record_that_cannot_be_trusted_reaches_the_caller_and_stays_as_it_is(string damage, string cause)
    {
        var p = await CheckpointedTwice();
        var newest = Newest(p);
        var other = newest == RecordStore.SlotA ? RecordStore.SlotB : RecordStore.SlotA;
        var record = _cluster.Store[newest, p.GetGrainId()]!;
        switch (damage)
        {
            case "flipped bit":
                record.Content[record.Content.Length / 2] ^= 0x10;
                break;
            case "later format":
                record.Format = 2;
                break;
            case "truncated":
                record.Content = record.Content[..^3];
                break;
            case "truncated before it was sealed":
                record = StoredRecord.Seal(writer => writer.Write(record.Content[..^1]));
                break;
            case "empty":
                record = StoredRecord.Seal(_ => { });
                break;
            case "longer than it says":
                record = StoredRecord.Seal(writer => writer.Write([.. record.Content, 0]));
                break;
        }

        _cluster.Store.Put(newest, p.GetGrainId(), record);
        if (damage == "missing base")
            _cluster.Store.Put(other, p.GetGrainId(), null);

        var before = _cluster.Store.SlotsOf(p.GetGrainId());
        var fromClient = await Assert.ThrowsAsync<CheckpointRecordUnreadableException>(() => p.Get());
        IsClear(fromClient);

        // A grain that calls it reads the same, and can go on.
        var q = _cluster.New<IParticipantGrain>("q");
        await q.Put(1, async self => IsClear(await Assert.ThrowsAsync<CheckpointRecordUnreadableException>(() => self.Own(p).Put(1))));
        Assert.Equal(1, await q.Get());

        // So does whoever wants it checkpointed, as an outcome.
        var result = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.ParticipantLost), (result.Status, result.Reason));
        Assert.Contains(cause, result.Detail, StringComparison.Ordinal);
        Assert.Equal(before, _cluster.Store.SlotsOf(p.GetGrainId()));

        void IsClear(CheckpointRecordUnreadableException fault)
        {
            Assert.Equal(p.GetGrainId(), fault.GrainId);
            Assert.Contains(p.GetGrainId().ToString(), fault.Message, StringComparison.Ordinal);
            Assert.Contains(cause, fault.Message, StringComparison.Ordinal);
            Assert.Contains("Nothing was overwritten and the grain does not start.", fault.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>RB-18: rounds wait while somebody has asked for a rollback, or for a preview of one, but not for ever.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_grain_that_does_not_start_ends_a_rollback_that_was_asked_for_and_later_rounds_go_on(bool isPreview)
    {
        var (p, q) = (await CheckpointedTwice(), _cluster.New<IParticipantGrain>("q"));
        var record = _cluster.Store[Newest(p), p.GetGrainId()]!;
        record.Content[0] ^= 1;
        _cluster.Store.Put(Newest(p), p.GetGrainId(), record);
        await q.Put(1);

        var asked = isPreview
            ? _cluster.Coordinator.PreviewRollBack(p.GetGrainId(), TestContext.Current.CancellationToken)
            : _cluster.Coordinator.RollBack(p.GetGrainId(), TestContext.Current.CancellationToken);
        var result = await asked.WithTimeLimit();
        Assert.Equal((RollbackStatus.Aborted, RollbackAbortReason.ParticipantLost), (result.Status, result.Reason));
        Assert.Contains($"Grain {p.GetGrainId()} has not answered within MaxPause", result.Detail, StringComparison.Ordinal);
        Assert.Contains("Nobody has rolled back", result.Detail, StringComparison.Ordinal);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(q)).Status);
    }

    [Fact]
    public async Task A_grain_whose_record_was_repaired_starts()
    {
        var p = await CheckpointedTwice();
        var slot = Newest(p);
        var good = _cluster.Store[slot, p.GetGrainId()]!;
        var bad = _cluster.Store[slot, p.GetGrainId()]!;
        bad.Content[0] ^= 1;
        _cluster.Store.Put(slot, p.GetGrainId(), bad);
        await Assert.ThrowsAsync<CheckpointRecordUnreadableException>(() => p.Get());
        _cluster.Store.Put(slot, p.GetGrainId(), good);
        Assert.Equal(2, await p.Get());
    }

    [Fact]
    public async Task A_state_that_does_not_fit_its_type_any_more_stops_the_grain()
    {
        var old = await CheckpointedPair();
        var renumbered = _cluster.New<IRenumberedGrain>();
        _cluster.Store.Copy(old.GetGrainId(), renumbered.GetGrainId());
        var before = _cluster.Store.SlotsOf(renumbered.GetGrainId());
        var fault = await Assert.ThrowsAsync<CheckpointedStateIncompatibleException>(() => renumbered.Get().WithTimeLimit());
        Assert.Equal(renumbered.GetGrainId(), fault.GrainId);
        Assert.Contains($"State 'text' of grain {renumbered.GetGrainId()}", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was overwritten and the grain does not start. Deploy code that can read it", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, _cluster.Store.SlotsOf(renumbered.GetGrainId()));
    }

    [Fact]
    public async Task A_state_that_the_class_does_not_have_any_more_stays_in_the_record()
    {
        var old = await CheckpointedPair();
        var shrunk = _cluster.New<IShrunkGrain>();
        _cluster.Store.Copy(old.GetGrainId(), shrunk.GetGrainId());
        Assert.Equal("left", await shrunk.Get());
        await shrunk.Set("changed");
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(shrunk)).Status);

        var again = _cluster.New<IPairGrain>();
        _cluster.Store.Copy(shrunk.GetGrainId(), again.GetGrainId());
        Assert.Equal(("changed", 7), await again.Get());
    }

    [Fact]
    public async Task A_state_that_the_class_has_newly_got_starts_empty()
    {
        var old = await CheckpointedPair();
        var grown = _cluster.New<IGrownGrain>();
        _cluster.Store.Copy(old.GetGrainId(), grown.GetGrainId());
        Assert.Equal(("left", 7, "new"), await grown.Get());
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(grown)).Status);
        await _cluster.Silos.DeactivateAsync(grown).WithTimeLimit();
        Assert.Equal(("left", 7, "new"), await grown.Get());
    }

    private async Task<IPairGrain> CheckpointedPair()
    {
        var pair = _cluster.New<IPairGrain>();
        await pair.Set("left", 7);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(pair)).Status);
        return pair;
    }

    /// <summary>Between the two reads of a grain that starts another life may write both slots. Nothing is damaged then, and nobody must be told to clear anything.</summary>
    [Fact]
    public async Task Two_reads_that_do_not_belong_together_are_read_again()
    {
        var p = await CheckpointedTwice();
        var newest = Newest(p);
        var other = newest == RecordStore.SlotA ? RecordStore.SlotB : RecordStore.SlotA;
        var written = _cluster.Store[other, p.GetGrainId()];
        var goOn = new Signal();
        _cluster.Store.Put(other, p.GetGrainId(), null);
        var reads = _cluster.Store.ReadsOf(p.GetGrainId());
        _cluster.Store.DelayNextRead(p.GetGrainId(), goOn.Happens, newest);
        var starts = p.Get();
        await Eventually.Holds(() => _cluster.Store.ReadsOf(p.GetGrainId()) == reads + 1);
        _cluster.Store.Put(other, p.GetGrainId(), written);
        goOn.Set();

        Assert.Equal(2, await starts);
        Assert.Equal(reads + 4, _cluster.Store.ReadsOf(p.GetGrainId()));
    }

    private async Task<IParticipantGrain> CheckpointedTwice()
    {
        var p = _cluster.New<IParticipantGrain>("p");
        for (var i = 0; i < 2; i++)
        {
            await p.Put(1);
            Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        }

        await _cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        return p;
    }

    private string Newest(IParticipantGrain grain) =>
        ((string[])[RecordStore.SlotA, RecordStore.SlotB]).MaxBy(slot => SlotRecord.Open(_cluster.Store[slot, grain.GetGrainId()]!).Head.Generation)!;
}
