using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Coordination;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>SPEC K7, CP-14: decisions are forgotten once every member's own storage proves them.</summary>
public sealed class MarkerTests
{
    private static readonly TimeSpan QuietTime = TimeSpan.FromMilliseconds(400);

    private readonly Signal _isForgotten = new();
    private readonly RecordStore _store;

    public MarkerTests() => _store = new RecordStore { Landed = OnLanded };

    [Fact]
    public async Task Grains_that_change_no_more_prove_their_checkpoints_and_the_record_forgets_them()
    {
        await using var cluster = await Start(silos: 2);
        Assert.Equal(CheckpointStatus.NothingToDo, (await cluster.CheckpointAll()).Status);
        IParticipantGrain[] grains = [.. Enumerable.Range(0, 100).Select(_ => cluster.New<IParticipantGrain>())];
        await Task.WhenAll(grains.Select(grain => grain.Put(1)));
        var before = _store.Writes;
        var result = await cluster.CheckpointAll();
        Assert.Equal((CheckpointStatus.Committed, 101, 101L), (result.Status, result.StableWrites, _store.Writes - before));

        await _isForgotten.Happens;
        Assert.All(grains, grain => Assert.True(SlotRecord.Open(_store[RecordStore.SlotB, grain.GetGrainId()]!).Head.IsFence));
        Assert.Equal(101 + 100 + 1, _store.Writes - before);
        await cluster.Abandon();

        await using var second = await Start();
        Assert.All(await Task.WhenAll(grains.Select(grain => second.Client.GetGrain<IParticipantGrain>(grain.GetPrimaryKeyString()).Get())), sum => Assert.Equal(1, sum));
    }

    [Fact]
    public async Task What_the_next_round_draws_in_needs_no_marker()
    {
        await using var cluster = await Start(quietTime: TimeSpan.FromMinutes(1));
        var p = await cluster.OnceCheckpointed();
        for (var i = 0; i < 3; i++)
        {
            await p.Put(1);
            Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);
        }

        Assert.False(SlotRecord.Open(_store[RecordStore.SlotA, p.GetGrainId()]!).Head.IsFence);
        Assert.False(SlotRecord.Open(_store[RecordStore.SlotB, p.GetGrainId()]!).Head.IsFence);
        var record = (await new DecisionRecordStorage(_store, "checkpoints", RecordStore.Coordinator).Read())!;
        Assert.Equal([new CommittedRun(record.Epoch, 4, 4)], record.CommittedRuns);
        Assert.Equal([new UnprovenMember(p.GetGrainId().ToParticipantId(), 4)], Assert.Single(record.Unproven).Members);
    }

    /// <summary>Everything is lost before a marker was written: the record names whom the next coordinator has to wait for.</summary>
    [Fact]
    public async Task After_a_crash_grains_are_asked_for_their_proof_when_they_start()
    {
        string key;
        await using (var first = await Start(quietTime: TimeSpan.FromMinutes(1)))
        {
            var p = await first.OnceCheckpointed();
            key = p.GetPrimaryKeyString();
            await first.Abandon();
        }

        await using var second = await Start();
        var q = await second.OnceCheckpointed();
        var other = SlotRecord.Open(_store[RecordStore.SlotA, q.GetGrainId()]!).Head.Round;
        Assert.False(_isForgotten.HasHappened);
        var p2 = second.Client.GetGrain<IParticipantGrain>(key);
        Assert.Equal(1, await p2.Get());
        await _isForgotten.Happens;
        Assert.NotEqual(other.Epoch, SlotRecord.Open(_store[RecordStore.SlotA, p2.GetGrainId()]!).Head.Round.Epoch);
        Assert.True(SlotRecord.Open(_store[RecordStore.SlotB, p2.GetGrainId()]!).Head.IsFence);
    }

    [Theory]
    [InlineData(nameof(WriteFault.Fails))]
    [InlineData(nameof(WriteFault.FailsButLands))]
    public async Task A_marker_that_fails_is_asked_for_again_and_disturbs_no_round(string fault)
    {
        await using var cluster = await Start();
        var p = await cluster.OnceCheckpointed();
        var failed = new Signal();
        _store.OnNextWrite(p.GetGrainId(), async write =>
        {
            failed.Set();
            await (fault == nameof(WriteFault.Fails) ? WriteFault.Fails(write) : WriteFault.FailsButLands(write));
        });
        await failed.Happens;
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(p)).Status);
        await _isForgotten.Happens;
        Assert.Equal(2, await p.Get());
    }

    /// <summary>The coordinator ends between the last proof and the write that would have dropped it.</summary>
    [Fact]
    public async Task An_orderly_end_drops_what_is_proven()
    {
        await using var cluster = await Start();
        var p = await cluster.OnceCheckpointed();
        var marked = new Signal();
        _store.OnNextWrite(p.GetGrainId(), async write =>
        {
            await write();
            marked.Set();
        });
        await marked.Happens;
        await cluster.Stop();
        await _isForgotten.Happens;
    }

    [Fact]
    public void A_record_with_all_the_names_that_fit_and_thousands_of_runs_stays_far_below_the_limits_of_stores()
    {
        var runs = Enumerable.Range(1, 2000).Select(epoch => new CommittedRun(epoch, 1000, 1003)).ToArray();
        var names = Enumerable.Range(0, 690).Select(number => new UnprovenMember(GrainId.Create("account", $"{number:D34}").ToParticipantId(), number)).ToArray();
        Assert.True(names.Sum(name => name.Size) <= DecisionRecord.MostBytesOfNames);
        var record = DecisionRecord.First(Guid.NewGuid()) with { Epoch = 2001, CommittedRuns = [.. runs], Unproven = [new UnprovenRun(runs[^1], [.. names])] };
        var stored = DecisionRecordStorage.Seal(record);
        Assert.InRange(stored.Content.Length, 1, 50_000);
        var read = DecisionRecordStorage.Open(stored);
        Assert.Equal(runs, read.CommittedRuns);
        Assert.Equal(names, Assert.Single(read.Unproven).Members);
        Assert.Equal(runs[^1], read.Unproven[0].Run);
    }

    private Task<OutcomeCluster> Start(short silos = 1, TimeSpan? quietTime = null) => OutcomeCluster.Start(
        silos, _store, configure: silo => silo.Services.Configure<ProofOptions>(proofs => proofs.QuietTime = quietTime ?? QuietTime));

    private void OnLanded(string state, GrainId grain, StoredRecord stored)
    {
        if (state == RecordStore.Decisions && DecisionRecordStorage.Open(stored) is { CommittedRuns.IsEmpty: true, Stamp.Revision: > 1 })
            _isForgotten.Set();
    }
}
