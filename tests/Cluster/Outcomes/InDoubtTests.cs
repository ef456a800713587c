using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Runtime.Silos;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>A grain that starts with a newest slot whose round it does not know the end of (SPEC D10, K7, S39, S40, S42).</summary>
public sealed class InDoubtTests
{
    private readonly RecordStore _store = new();

    [Fact]
    public async Task Without_a_decision_in_the_record_the_older_slot_is_the_permanent_checkpoint()
    {
        var key = await AbandonInDoubt(WriteFault.Fails);
        await using var second = await OutcomeCluster.Start(store: _store);
        Assert.Equal(1, await second.Client.GetGrain<IParticipantGrain>(key).Get());
    }

    [Fact]
    public async Task With_the_decision_in_the_record_the_newer_slot_is_the_permanent_checkpoint_although_nobody_heard_of_it()
    {
        var key = await AbandonInDoubt(WriteFault.FailsButLands);
        await using var second = await OutcomeCluster.Start(store: _store);
        Assert.Equal(2, await second.Client.GetGrain<IParticipantGrain>(key).Get());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_grain_that_starts_before_the_decision_waits_for_it(bool commits)
    {
        await using var cluster = await OutcomeCluster.Start(store: _store);
        var p = await cluster.OnceCheckpointed();
        await p.Put(1);
        var (begun, goOn) = (new Signal(), new Signal());
        _store.OnNextWrite(RecordStore.Coordinator, commits ? WriteFault.Waits(begun, goOn) : WriteFault.WaitsAndFails(begun, goOn));
        var round = cluster.Checkpoint(p);
        await begun.Happens;

        // The same records, and a start in the middle of the round.
        var twin = cluster.New<IParticipantGrain>("twin");
        _store.Copy(p.GetGrainId(), twin.GetGrainId());
        var starts = twin.Get();
        Assert.Equal(0, await cluster.New<IParticipantGrain>().Get());
        Assert.False(starts.IsCompleted);
        goOn.Set();
        Assert.Equal(commits ? 2 : 1, await starts);
        Assert.Equal(commits ? CheckpointStatus.Committed : CheckpointStatus.Aborted, (await round).Status);
    }

    /// <summary>
    /// CP-15: while the grain asks for the decision, another life of it proves the round, which the record may forget then. Who is told "aborted" looks again.
    /// </summary>
    [Fact]
    public async Task A_round_that_is_proven_while_a_grain_asks_for_it_is_not_taken_for_an_aborted_one()
    {
        await using var cluster = await OutcomeCluster.Start(store: _store);
        var p = await cluster.OnceCheckpointed();
        await p.Put(1);
        var (begun, goOn) = (new Signal(), new Signal());
        _store.OnNextWrite(RecordStore.Coordinator, WriteFault.WaitsAndFails(begun, goOn));
        var round = cluster.Checkpoint(p);
        await begun.Happens;
        var twin = cluster.New<IParticipantGrain>("twin");
        _store.Copy(p.GetGrainId(), twin.GetGrainId());
        var starts = twin.Get();
        await Eventually.Holds(() => _store.ReadsOf(twin.GetGrainId()) == 2);

        var newest = SlotRecord.Open(_store[RecordStore.SlotB, twin.GetGrainId()]!);
        Assert.True(newest.Head.Generation > SlotRecord.Open(_store[RecordStore.SlotA, twin.GetGrainId()]!).Head.Generation);
        _store.Put(RecordStore.SlotA, twin.GetGrainId(), SlotRecord.Fence(
            newest.Head.Round, newest.Head.Mark, new Incarnation(newest.Writer.Generation, Guid.NewGuid()), newest.StoreId).WithGeneration(newest.Head.Generation + 1).Seal());
        goOn.Set();

        Assert.Equal(CheckpointStatus.Aborted, (await round).Status);
        Assert.Equal(2, await starts);
    }

    /// <summary>Coordinators follow each other, and silos go: for a moment nobody answers.</summary>
    [Fact]
    public async Task A_grain_starts_although_its_first_questions_about_a_decision_fail()
    {
        var key = await AbandonInDoubt(WriteFault.FailsButLands);
        var fails = new FailsToDecide(times: 3);
        await using var second = await OutcomeCluster.Start(store: _store, configure: silo => silo.PutFirst(fails));
        Assert.Equal(2, await second.Client.GetGrain<IParticipantGrain>(key).Get());
        Assert.True(fails.Left <= 0);
    }

    private sealed class FailsToDecide(int times) : IIncomingGrainCallFilter
    {
        public int Left { get; private set; } = times;

        public Task Invoke(IIncomingGrainCallContext context) =>
            context.Request.GetInterfaceType() == typeof(ICheckpointCoordinatorControl) && context.Request.GetMethodName() == nameof(ICheckpointCoordinatorControl.DecisionOf) && Left-- > 0
                ? throw new SiloUnavailableException("The target silo became unavailable")
                : context.Invoke();
    }

    /// <summary>CP-13: nobody is told "forgotten" before a write of the record has shown that no younger coordinator knows better.</summary>
    [Theory]
    [InlineData("missing")]
    [InlineData("of another store")]
    [InlineData("older")]
    public async Task A_record_that_cannot_know_the_decision_stops_the_grain_and_nothing_is_overwritten(string record)
    {
        var key = await AbandonInDoubt(WriteFault.FailsButLands);
        var outside = new DecisionRecordStorage(_store, "checkpoints", RecordStore.Coordinator);
        var stored = (await outside.Read())!;
        switch (record)
        {
            case "missing":
                _store.Put(RecordStore.Decisions, RecordStore.Coordinator, null);
                break;
            case "of another store":
                await outside.Write(stored with { StoreId = Guid.NewGuid() });
                break;
            case "older":
                // Restored from a backup of before the cluster's first start.
                await outside.Write(DecisionRecord.First(stored.StoreId) with { Epoch = -1 });
                break;
        }

        await using var second = await OutcomeCluster.Start(store: _store);
        var p = second.Client.GetGrain<IParticipantGrain>(key);
        var slots = _store.SlotsOf(p.GetGrainId());
        var fault = await Assert.ThrowsAsync<CheckpointDecisionUnknownException>(() => p.Get());
        Assert.Equal(p.GetGrainId(), fault.GrainId);
        Assert.Contains(p.GetGrainId().ToString(), fault.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was overwritten", fault.Message, StringComparison.Ordinal);
        Assert.Equal(slots, _store.SlotsOf(p.GetGrainId()));

        // Others are not concerned.
        var q = second.New<IParticipantGrain>();
        await q.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await second.Checkpoint(q)).Status);
        Assert.Equal(slots, _store.SlotsOf(p.GetGrainId()));
    }

    /// <summary>CP-8: who has voted and hears nothing asks.</summary>
    [Fact]
    public async Task A_coordinator_that_stops_before_its_decision_leaves_no_grain_in_doubt()
    {
        await using var cluster = await OutcomeCluster.Start(store: _store, options: options => options.DecisionPollInterval = TimeSpan.FromMilliseconds(200));
        var p = await cluster.OnceCheckpointed();
        await p.Put(1);
        var (begun, goOn) = (new Signal(), new Signal());
        _store.OnNextWrite(RecordStore.Coordinator, WriteFault.WaitsAndFails(begun, goOn));
        var round = cluster.Checkpoint(p);
        await begun.Happens;

        // The next coordinator raises the epoch, so that the round can never be decided any more.
        var outside = new DecisionRecordStorage(_store, "checkpoints", RecordStore.Coordinator);
        var record = (await outside.Read())!;
        await outside.Write(record with { Epoch = record.Epoch + 1, Stamp = new WriteStamp(Guid.NewGuid(), 1) });
        goOn.Set();
        Assert.Equal(CheckpointAbortReason.CoordinatorReplaced, (await round).Reason);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);
        Assert.Equal(2, await p.Get());
    }

    /// <summary>A grain with sum 1 in its permanent checkpoint and sum 2 in a slot that is in doubt.</summary>
    private async Task<string> AbandonInDoubt(Func<Func<Task>, Task> decision)
    {
        await using var first = await OutcomeCluster.Start(store: _store);
        var p = await first.OnceCheckpointed();
        await p.Put(1);
        var written = new Signal();
        _store.OnNextWrite(RecordStore.Coordinator, async write =>
        {
            first.CutPower();
            try
            {
                await decision(write);
            }
            finally
            {
                written.Set();
            }
        });
        // Nobody is left to answer it.
        _ = first.Coordinator.Checkpoint(p.GetGrainId(), CancellationToken.None).ContinueWith(round => round.Exception, TaskScheduler.Default);
        await written.Happens;
        await first.Abandon();
        Assert.Equal(2, (_store[RecordStore.SlotA, p.GetGrainId()] is null ? 0 : 1) + (_store[RecordStore.SlotB, p.GetGrainId()] is null ? 0 : 1));
        return p.GetPrimaryKeyString();
    }
}
