using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Cluster.Tests.StableStorage;

/// <summary>SPEC K28, RB-1: a fence takes the free slot away from all earlier lives, and touches nothing else.</summary>
public sealed class FenceTests
{
    private readonly RecordStore _store = new();
    private readonly GrainId _grain = GrainId.Create("account", Guid.NewGuid().ToString("N"));

    [Fact]
    public async Task A_fence_goes_into_the_free_slot_and_the_permanent_checkpoint_stays()
    {
        var life = await SlotsOfOneLife.Begin(_store, _grain);
        await life.Commit(1);
        var permanent = _store[RecordStore.SlotA, _grain]!.Content;

        Assert.Equal((FenceOutcome.Stored, ""), await life.Fence());

        var fence = Stored(RecordStore.SlotB);
        Assert.True(fence.Head.IsFence);
        Assert.Equal(
            (RoundNumber.None, Round(1), life.MarkAt(1), life.Life, SlotsOfOneLife.StoreId, 0),
            (fence.Head.Round, fence.Head.BaseRound, fence.Head.Mark, fence.Writer, fence.StoreId, fence.States.Length));
        Assert.Equal(permanent, _store[RecordStore.SlotA, _grain]!.Content);
        var next = await SlotsOfOneLife.Begin(_store, _grain);
        Assert.Equal(Round(1), next.Slots.Permanent!.Round);
        Assert.True(fence.Head.Generation < next.Life.Generation, "a later life is of a higher generation than all that was written");
        Assert.Equal(Round(1), next.Slots.LastRound);
    }

    [Fact]
    public async Task A_fence_of_the_initial_state_is_found_as_such()
    {
        var life = await SlotsOfOneLife.Begin(_store, _grain);
        Assert.Equal((FenceOutcome.Stored, ""), await life.Fence());
        var next = await SlotsOfOneLife.Begin(_store, _grain);
        Assert.Null(next.Slots.Permanent);
        Assert.Equal(RoundNumber.None, next.Slots.LastRound);
        Assert.True(life.Life.Generation < next.Life.Generation, $"{next.Life} is no younger than {life.Life}");
    }

    [Fact]
    public async Task A_checkpoint_goes_over_a_fence()
    {
        var life = await SlotsOfOneLife.Begin(_store, _grain);
        await life.Commit(1);
        await life.Fence();
        await life.Commit(2);
        Assert.Equal((Round(2), Round(1)), (Stored(RecordStore.SlotB).Head.Round, Stored(RecordStore.SlotB).Head.BaseRound));
        Assert.Equal(Round(2), (await SlotsOfOneLife.Begin(_store, _grain, 2)).Slots.Permanent!.Round);
    }

    [Fact]
    public async Task A_late_checkpoint_of_an_earlier_life_does_not_land_over_a_fence()
    {
        var earlier = await BeginAfterOneCommit();
        var (begun, goOn) = (new Signal(), new Signal());
        _store.OnNextWrite(_grain, WriteFault.Waits(begun, goOn));
        var late = earlier.Store(2);
        await begun.Happens;

        var later = await SlotsOfOneLife.Begin(_store, _grain, 1);
        Assert.Equal((FenceOutcome.Stored, ""), await later.Fence());
        var stored = _store.SlotsOf(_grain);
        goOn.Set();

        Assert.Equal(SlotWriteOutcome.Superseded, (await late).Outcome);
        Assert.Equal(stored, _store.SlotsOf(_grain));
        Assert.Equal(FenceOutcome.Superseded, (await earlier.Fence()).Outcome);
        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    /// <summary>CP-15: it has not heard yet that its checkpoint is committed, but the next life has, and has proven it.</summary>
    [Fact]
    public async Task A_life_in_doubt_notices_that_another_one_has_written()
    {
        var earlier = await BeginAfterOneCommit();
        Assert.Equal(SlotWriteOutcome.Stored, (await earlier.Store(2)).Outcome);
        Assert.False(await earlier.Slots.HasAnotherLifeWritten(earlier.Life));

        var later = await SlotsOfOneLife.Begin(_store, _grain, 1, 2);
        Assert.Equal((FenceOutcome.Stored, ""), await later.Fence());
        Assert.True(await earlier.Slots.HasAnotherLifeWritten(earlier.Life));
        Assert.False(await later.Slots.HasAnotherLifeWritten(later.Life));
    }

    /// <summary>CP-15: round 2 of an earlier life has landed late in the free slot, and a third life has proven it; the record has forgotten it.</summary>
    [Fact]
    public async Task A_checkpoint_that_is_proven_is_not_overwritten_although_its_round_is_said_to_be_aborted()
    {
        var earlier = await BeginAfterOneCommit();
        var life = await SlotsOfOneLife.Begin(_store, _grain, 1);
        Assert.Equal(SlotWriteOutcome.Stored, (await earlier.Store(2)).Outcome);
        Assert.Equal((FenceOutcome.Stored, ""), await (await SlotsOfOneLife.Begin(_store, _grain, 1, 2)).Fence());
        var stored = _store.SlotsOf(_grain);

        Assert.Equal(SlotWriteOutcome.Superseded, (await life.Store(3)).Outcome);
        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    [Fact]
    public async Task Of_two_lives_that_began_beside_each_other_the_first_to_write_goes_on()
    {
        var (one, other) = (await BeginAfterOneCommit(), await SlotsOfOneLife.Begin(_store, _grain, 1));
        Assert.Equal(one.Life.Generation, other.Life.Generation);
        Assert.Equal(SlotWriteOutcome.Stored, (await one.Store(2)).Outcome);
        var stored = _store.SlotsOf(_grain);

        Assert.Equal(FenceOutcome.Superseded, (await other.Fence()).Outcome);
        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    /// <summary>RB-1: else it could say of the other one that it is over, and the other one could still become permanent.</summary>
    [Fact]
    public async Task A_checkpoint_that_was_undone_keeps_off_a_life_that_began_beside_it()
    {
        var (one, other) = (await BeginAfterOneCommit(), await SlotsOfOneLife.Begin(_store, _grain, 1));
        Assert.Equal(SlotWriteOutcome.Stored, (await one.Store(2)).Outcome);
        one.Slots.Drop();
        var stored = _store.SlotsOf(_grain);

        Assert.Equal((FenceOutcome.Stored, ""), await one.Fence());
        Assert.Equal(SlotWriteOutcome.Superseded, (await other.Store(3)).Outcome);
        Assert.Equal(stored, _store.SlotsOf(_grain));
        await one.Commit(4);
    }

    /// <summary>The life began when the earlier one had written once; the other writes were on their way.</summary>
    [Fact]
    public async Task What_is_written_over_checkpoints_that_have_landed_late_is_of_a_higher_generation()
    {
        var earlier = await BeginAfterOneCommit();
        Assert.Equal(SlotWriteOutcome.Stored, (await earlier.Store(2)).Outcome);
        var life = await SlotsOfOneLife.Begin(_store, _grain, 1);
        _store.OnNextWrite(_grain, WriteFault.Fails);
        Assert.Equal(SlotWriteOutcome.NotStored, (await life.Store(6)).Outcome);
        for (var round = 3; round < 6; round++)
            Assert.Equal(SlotWriteOutcome.Stored, (await earlier.Store(round)).Outcome);

        var late = Stored(RecordStore.SlotB).Head;
        Assert.Equal(SlotWriteOutcome.Stored, (await life.Store(7)).Outcome);
        Assert.True(Stored(RecordStore.SlotB).Head.Generation > late.Generation, $"{Stored(RecordStore.SlotB).Head} is no younger than {late}");
    }

    [Fact]
    public async Task A_fence_that_was_there_first_ends_a_life_that_began_beside_it()
    {
        var (one, other) = (await BeginAfterOneCommit(), await SlotsOfOneLife.Begin(_store, _grain, 1));
        Assert.Equal(FenceOutcome.Stored, (await one.Fence()).Outcome);
        var stored = _store.SlotsOf(_grain);
        Assert.Equal(SlotWriteOutcome.Superseded, (await other.Store(2)).Outcome);
        Assert.Equal(FenceOutcome.Superseded, (await other.Fence()).Outcome);
        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    /// <summary>K12: another life, of a newer version, has written there meanwhile. However often it is tried, that stays.</summary>
    [Fact]
    public async Task What_cannot_be_read_is_not_overwritten_by_the_next_attempt()
    {
        var life = await BeginAfterOneCommit();
        Assert.Equal(SlotWriteOutcome.Stored, (await life.Store(2)).Outcome);
        life.Slots.Drop();
        var newer = _store[RecordStore.SlotB, _grain]!;
        newer.Format++;
        _store.Put(RecordStore.SlotB, _grain, newer);
        var stored = _store.SlotsOf(_grain);
        for (var round = 3; round < 6; round++)
        {
            var (outcome, detail) = await life.Store(round);
            Assert.Equal(SlotWriteOutcome.NotStored, outcome);
            Assert.Contains("Nothing was overwritten", detail, StringComparison.Ordinal);
        }

        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    /// <summary>The answer to the write was lost, or it lands after it was given up: the slot is still this life's.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_fence_with_an_unknown_outcome_has_failed_and_may_be_written_again(bool lands)
    {
        var life = await BeginAfterOneCommit();
        _store.OnNextWrite(_grain, lands ? WriteFault.FailsButLands : WriteFault.Fails);
        var (outcome, detail) = await life.Fence();
        Assert.Equal(FenceOutcome.Failed, outcome);
        Assert.Contains("storage 'memory' failed", detail, StringComparison.Ordinal);
        Assert.Equal(lands, _store[RecordStore.SlotB, _grain] is not null);

        Assert.Equal((FenceOutcome.Stored, ""), await life.Fence());
        Assert.True(Stored(RecordStore.SlotB).Head.IsFence);
    }

    [Fact]
    public async Task A_fence_that_lands_late_is_no_obstacle_to_the_next_checkpoint()
    {
        var life = await BeginAfterOneCommit();
        var (begun, goOn) = (new Signal(), new Signal());
        var landed = Task.CompletedTask;
        _store.OnNextWrite(_grain, write =>
        {
            landed = Land();
            throw new TimeoutException("it did not answer");

            async Task Land()
            {
                begun.Set();
                await goOn.Happens;
                await write();
            }
        });
        Assert.Equal(FenceOutcome.Failed, (await life.Fence()).Outcome);
        goOn.Set();
        await landed;
        await life.Commit(2);
        Assert.Equal(Round(2), Stored(RecordStore.SlotB).Head.Round);
    }

    [Fact]
    public async Task A_fence_of_an_earlier_life_is_a_free_slot()
    {
        var mine = await BeginAfterOneCommit();
        PutFenceOf(mine.Life with { Generation = mine.Life.Generation - 1 }, mine, permanent: 1);
        var (outcome, detail) = await mine.Fence();
        Assert.Equal((FenceOutcome.Failed, "an earlier write has landed late in storage 'memory'"), (outcome, detail));
        Assert.Equal((FenceOutcome.Stored, ""), await mine.Fence());
        Assert.Equal(mine.Life, Stored(RecordStore.SlotB).Writer);
    }

    [Fact]
    public async Task A_fence_of_a_younger_life_ends_this_one()
    {
        var mine = await BeginAfterOneCommit();
        PutFenceOf(mine.Life with { Generation = mine.Life.Generation + 1 }, mine, permanent: 1);
        var stored = _store.SlotsOf(_grain);
        Assert.Equal(FenceOutcome.Superseded, (await mine.Fence()).Outcome);
        Assert.Equal(SlotWriteOutcome.Superseded, (await mine.Store(2)).Outcome);
        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    [Fact]
    public async Task A_fence_on_another_base_is_of_a_life_that_has_gone_on()
    {
        var mine = await BeginAfterOneCommit();
        PutFenceOf(mine.Life with { Generation = mine.Life.Generation - 1 }, mine, permanent: 3);
        Assert.Equal(SlotWriteOutcome.Superseded, (await mine.Store(4)).Outcome);
    }

    [Fact]
    public async Task A_checkpoint_that_may_be_undecided_is_not_overwritten_and_is_as_good_as_a_fence()
    {
        var life = await BeginAfterOneCommit();
        var (begun, goOn) = (new Signal(), new Signal());
        _store.OnNextWrite(_grain, WriteFault.Waits(begun, goOn));
        var checkpoint = life.Store(2);
        await begun.Happens;
        var fence = life.Fence();
        Assert.False(fence.IsCompleted, "the fence did not wait for the checkpoint");
        goOn.Set();

        Assert.Equal(SlotWriteOutcome.Stored, (await checkpoint).Outcome);
        Assert.Equal((FenceOutcome.Stored, ""), await fence);
        Assert.Equal(Round(2), Stored(RecordStore.SlotB).Head.Round);
        life.Slots.Adopt();

        // Now it is the permanent one, and nothing in storage says that it is: the other slot is free.
        Assert.Equal((FenceOutcome.Stored, ""), await life.Fence());
        Assert.Equal((true, Round(2)), (Stored(RecordStore.SlotA).Head.IsFence, Stored(RecordStore.SlotA).Head.BaseRound));
        Assert.Equal(Round(2), (await SlotsOfOneLife.Begin(_store, _grain)).Slots.Permanent!.Round);
    }

    [Fact]
    public async Task The_same_fence_is_written_once()
    {
        var life = await BeginAfterOneCommit();
        await life.Fence();
        var stored = _store.SlotsOf(_grain);
        Assert.Equal((FenceOutcome.Stored, ""), await life.Fence());
        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    [Fact]
    public async Task A_life_that_moves_to_another_silo_takes_its_fence_along()
    {
        var life = await BeginAfterOneCommit();
        await life.Fence();
        var stored = _store.SlotsOf(_grain);
        using var packed = new MemoryStream();
        await using var writer = new BinaryWriter(packed);
        life.Slots.Pack(writer);
        writer.Flush();
        packed.Position = 0;
        var moved = new CheckpointSlots(_store, "memory", _grain, static _ => throw new InvalidOperationException("nobody is asked"));
        using var reader = new BinaryReader(packed);
        moved.Unpack(reader);

        Assert.Equal((FenceOutcome.Stored, ""), await moved.WriteFence(SlotsOfOneLife.StoreId, life.Life));
        Assert.Equal(stored, _store.SlotsOf(_grain));
    }

    private static RoundNumber Round(long number) => new(1, number);

    private SlotRecord Stored(string slot) => SlotRecord.Open(_store[slot, _grain]!);

    private void PutFenceOf(Incarnation writer, SlotsOfOneLife beside, long permanent) => _store.Put(RecordStore.SlotB, _grain, SlotRecord.Fence(
        Round(permanent), beside.Slots.Permanent!.Mark, writer, SlotsOfOneLife.StoreId).WithGeneration(beside.Life.Generation).Seal());

    /// <summary>A life that starts from the checkpoint that an earlier one has left.</summary>
    private async Task<SlotsOfOneLife> BeginAfterOneCommit()
    {
        await (await SlotsOfOneLife.Begin(_store, _grain)).Commit(1);
        return await SlotsOfOneLife.Begin(_store, _grain, 1);
    }
}
