using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>A storage that does not answer holds up nobody for ever, and what it stores late overwrites nothing that was decided.</summary>
public sealed class HungStorageTests : IAsyncLifetime
{
    private readonly RecordStore _store = new();
    private readonly Signal _goOn = new();
    private readonly TaskCompletionSource<bool> _landed = new();
    private OutcomeCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await Start();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_slot_write_that_never_returns_is_a_No_and_the_next_checkpoint_is_stored()
    {
        var p = await OnceCheckpointed();
        var aborted = await CheckpointWithHungSlot(p);
        Assert.Contains("storage 'checkpoints' failed: it did not answer, and may have stored the record or store it later (within 00:00:00.3000000)", aborted.Detail, StringComparison.Ordinal);
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);

        // Now the hung write comes through, under an ETag that is not the slot's any more.
        var slots = _store.SlotsOf(p.GetGrainId());
        _goOn.Set();
        Assert.False(await _landed.Task.WithTimeLimit());
        Assert.Equal(slots, _store.SlotsOf(p.GetGrainId()));
        await GoesOnFrom(p, 3);
    }

    [Fact]
    public async Task A_hung_slot_write_that_has_landed_before_the_next_one_is_known_for_its_own()
    {
        var p = await OnceCheckpointed();
        await CheckpointWithHungSlot(p);
        _goOn.Set();
        Assert.True(await _landed.Task.WithTimeLimit());
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        await GoesOnFrom(p, 3);
    }

    [Fact]
    public async Task A_hung_slot_write_that_lands_between_the_next_read_and_write_is_known_for_its_own()
    {
        var p = await OnceCheckpointed();
        await CheckpointWithHungSlot(p);
        await p.Put(1);
        _store.OnNextWrite(p.GetGrainId(), async write =>
        {
            _goOn.Set();
            await _landed.Task;
            await write();
        });
        var aborted = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (aborted.Status, aborted.Reason));
        Assert.Contains("an earlier write has landed late", aborted.Detail, StringComparison.Ordinal);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        await GoesOnFrom(p, 3);
    }

    /// <summary>The grain has started anew meanwhile: the writer is another life, but its round is aborted.</summary>
    [Fact]
    public async Task A_hung_slot_write_of_an_earlier_life_that_lands_late_does_not_stop_the_present_one()
    {
        var p = await OnceCheckpointed();
        await CheckpointWithHungSlot(p);
        await _cluster.Abandon();
        await _cluster.DisposeAsync();

        _cluster = await Start();
        p = _cluster.Client.GetGrain<IParticipantGrain>(p.GetPrimaryKeyString());
        await p.Put(10);
        _goOn.Set();
        Assert.True(await _landed.Task.WithTimeLimit());
        var results = new List<CheckpointResult> { await _cluster.Checkpoint(p), await _cluster.Checkpoint(p) };
        Assert.Contains(results, result => result.Status == CheckpointStatus.Committed);
        Assert.DoesNotContain(_cluster.Log.All, line => line.Text.Contains("was replaced by another activation", StringComparison.Ordinal));
        await GoesOnFrom(p, 11);
    }

    /// <summary>CP-12: a decision whose write is not heard of is fenced off, then aborted, and can never land.</summary>
    [Fact]
    public async Task A_decision_whose_write_never_returns_is_fenced_off_and_the_next_round_is_decided()
    {
        var p = await OnceCheckpointed();
        await p.Put(1);
        _store.OnNextWrite(RecordStore.Coordinator, WriteFault.Hangs(_goOn, _landed));
        var aborted = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.DecisionNotStored), (aborted.Status, aborted.Reason));
        var committed = await _cluster.Checkpoint(p);
        Assert.Equal(CheckpointStatus.Committed, committed.Status);

        var record = _store[RecordStore.Decisions, RecordStore.Coordinator]!.Content;
        _goOn.Set();
        Assert.False(await _landed.Task.WithTimeLimit());
        Assert.Equal(record, _store[RecordStore.Decisions, RecordStore.Coordinator]!.Content);
        await GoesOnFrom(p, 2);
    }

    /// <summary>CP-12: it was given up, but had landed before it was fenced off: what the record says stands.</summary>
    [Fact]
    public async Task A_decision_that_lands_after_it_was_given_up_and_before_it_is_fenced_off_stands()
    {
        var p = await OnceCheckpointed();
        await p.Put(1);
        _store.OnNextWrite(RecordStore.Coordinator, WriteFault.Hangs(_goOn, _landed));
        _store.OnNextWrite(RecordStore.Coordinator, async write =>
        {
            _goOn.Set();
            await _landed.Task;
            await write();
        });
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        Assert.True(await _landed.Task);
        await GoesOnFrom(p, 2);
    }

    [Fact]
    public async Task A_grain_whose_slot_cannot_be_read_in_time_says_so_and_starts_at_the_next_call()
    {
        var p = _cluster.New<IParticipantGrain>();
        _store.DelayNextRead(p.GetGrainId(), _goOn.Happens);
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => p.Get().WithTimeLimit());
        Assert.Contains("it did not answer (within 00:00:00.3000000)", fault.ToString(), StringComparison.Ordinal);
        Assert.Equal(0, await p.Get());
        _goOn.Set();
    }

    /// <summary>Whoever waits for the storage has a state of its own, which a late answer does not touch.</summary>
    [Fact]
    public async Task A_late_answer_changes_nothing_for_the_caller_that_has_gone_on()
    {
        var limited = new TimeLimitedStorage(_store, TimeSpan.FromMilliseconds(20), TimeProvider.System);
        var grain = GrainId.Create("some", "grain");
        _store.OnNextWrite(grain, WriteFault.Hangs(_goOn, _landed));
        var state = new GrainState<StoredRecord> { State = new StoredRecord { Content = [1] } };
        await Assert.ThrowsAsync<TimeoutException>(() => limited.WriteStateAsync(RecordStore.SlotA, grain, state));
        _goOn.Set();
        Assert.True(await _landed.Task);
        Assert.Equal((null, false), (state.ETag, state.RecordExists));

        var read = new GrainState<StoredRecord>();
        await limited.ReadStateAsync(RecordStore.SlotA, grain, read);
        Assert.Equal((1, true), (Assert.Single(read.State!.Content), read.RecordExists));
    }

    private Task<OutcomeCluster> Start() => OutcomeCluster.Start(store: _store, options: options =>
    {
        options.StorageTimeout = TimeSpan.FromMilliseconds(300);
        options.DecisionPollInterval = TimeSpan.FromMilliseconds(200);
    });

    private async Task<IParticipantGrain> OnceCheckpointed()
    {
        var p = _cluster.New<IParticipantGrain>();
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        return p;
    }

    private async Task<CheckpointResult> CheckpointWithHungSlot(IParticipantGrain p)
    {
        await p.Put(1);
        _store.OnNextWrite(p.GetGrainId(), WriteFault.Hangs(_goOn, _landed));
        var aborted = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (aborted.Status, aborted.Reason));
        return aborted;
    }

    /// <summary>Nothing is left to checkpoint, and a new life has it all.</summary>
    private async Task GoesOnFrom(IParticipantGrain p, int sum)
    {
        Assert.Equal(CheckpointStatus.NothingToDo, (await _cluster.Checkpoint(p)).Status);
        await _cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        Assert.Equal(sum, await p.Get());
    }
}
