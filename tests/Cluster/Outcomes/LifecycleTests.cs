using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Grains that go: nothing is lost, and no round waits for them for ever (G7).</summary>
[Collection(SharedOutcomeCluster.Collection)]
public sealed class LifecycleTests(SharedOutcomeCluster shared) : IDisposable
{
    private readonly OutcomeCluster _cluster = shared.Cluster;

    public void Dispose() => _cluster.Store.ForgetPlans();

    [Fact]
    public async Task A_changed_grain_that_is_deactivated_checkpoints_first()
    {
        var (p, q) = (_cluster.New<IParticipantGrain>("p"), _cluster.New<IParticipantGrain>("q"));
        await p.Put(1, self => self.Own(q).Put(2));
        await _cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        Assert.NotEqual("", _cluster.Store.SlotsOf(p.GetGrainId()));
        Assert.NotEqual("", _cluster.Store.SlotsOf(q.GetGrainId()));
        Assert.Equal((1, 2), (await p.Get(), await q.Get()));
        _cluster.AssertNobodyRolledBack(p, q);

        await p.Put(1);
        await _cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        Assert.Equal(2, await p.Get());
    }

    [Fact]
    public async Task A_grain_that_deactivates_itself_checkpoints_first()
    {
        var p = _cluster.New<IParticipantGrain>();
        await p.Get();
        var gone = _cluster.Silos.WaitForDeactivationAsync(p);
        await p.Put(3, self =>
        {
            self.DeactivateOnIdle();
            return Task.CompletedTask;
        });
        await gone.WithTimeLimit();
        Assert.Equal(3, await p.Get());
    }

    [Fact]
    public async Task What_a_grain_changes_while_it_is_deactivated_is_checkpointed_too()
    {
        var grain = _cluster.New<IFarewellGrain>();
        Assert.Equal(0, await grain.Farewells());
        await _cluster.Silos.DeactivateAsync(grain).WithTimeLimit();
        Assert.Equal(1, await grain.Farewells());
    }

    [Fact]
    public async Task An_unchanged_grain_that_is_deactivated_writes_nothing()
    {
        var p = _cluster.New<IParticipantGrain>();
        await p.Put(1);
        await _cluster.Checkpoint(p);
        var writes = _cluster.Store.Writes;
        await _cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        Assert.Equal(1, await p.Get());
        await _cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        Assert.Equal(writes, _cluster.Store.Writes);
    }

    [Theory]
    [InlineData("joined")]
    [InlineData("took tentative checkpoint")]
    [InlineData("writing")]
    [InlineData("stored")]
    public async Task A_deactivation_in_the_middle_of_a_round_does_not_hang_it(string phase)
    {
        var (p, q) = (_cluster.New<IParticipantGrain>("p"), _cluster.New<IParticipantGrain>("q"));
        await p.Put(1, self => self.Own(q).Put(1));
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        await p.Put(1, self => self.Own(q).Put(1));

        var (begun, goOn) = (new Signal(), new Signal());
        var running = Task.CompletedTask;
        var reached = begun.Happens;
        switch (phase)
        {
            case "joined":
                // q's handler runs, so p waits behind its gate.
                reached = _cluster.Log.Until($"{p.GetGrainId()} joined");
                running = q.Put(0, async _ =>
                {
                    begun.Set();
                    await goOn.Happens;
                });
                await begun.Happens;
                break;
            case "took tentative checkpoint":
                // The same, after p has taken its snapshot: a third grain that p's snapshot does not need is late.
                reached = _cluster.Log.Until($"{p.GetGrainId()} took tentative");
                goOn.Set();
                break;
            case "writing":
                _cluster.Store.OnNextWrite(p.GetGrainId(), WriteFault.Waits(begun, goOn));
                break;
            case "stored":
                _cluster.Store.OnNextWrite(RecordStore.Coordinator, WriteFault.Waits(begun, goOn));
                break;
        }

        var round = _cluster.Checkpoint(p);
        await reached;
        var deactivation = _cluster.Silos.DeactivateAsync(p);
        goOn.Set();
        await running.WithTimeLimit();
        var result = await round;
        await deactivation.WithTimeLimit();

        Assert.Equal((2, 2), (await p.Get(), await q.Get()));
        Assert.Contains(result.Status, (CheckpointStatus[])[CheckpointStatus.Committed, CheckpointStatus.NothingToDo, CheckpointStatus.Aborted]);
        Assert.Contains((await _cluster.Checkpoint(p)).Status, (CheckpointStatus[])[CheckpointStatus.Committed, CheckpointStatus.NothingToDo]);
        await _cluster.Silos.DeactivateAsync(q).WithTimeLimit();
        Assert.Equal((2, 2), (await p.Get(), await q.Get()));
    }
}
