using Checkpointing.Cluster.Tests.Kit;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Silos with a short pause bound and a short time to store.</summary>
public sealed class ImpatientCluster : IAsyncLifetime
{
    public static readonly TimeSpan MaxPause = TimeSpan.FromMilliseconds(800);

    public OutcomeCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Cluster = await OutcomeCluster.Start(silos: 1, options: options =>
    {
        options.MaxPause = MaxPause;
        options.MaxAttempts = 2;
        options.VoteTimeout = TimeSpan.FromMilliseconds(500);
    });

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}

/// <summary>Handlers and writes that do not end in time: the gates open, and whoever fits together commits (SPEC K8, K9, K14).</summary>
public sealed class BusyGrainTests(ImpatientCluster impatient) : IClassFixture<ImpatientCluster>
{
    private readonly OutcomeCluster _cluster = impatient.Cluster;

    /// <summary>CP-10: at the pause bound every gate opens, and what fits together goes on.</summary>
    [Fact]
    public async Task A_handler_that_does_not_end_makes_its_grain_too_busy_and_its_callers_go_on()
    {
        var (busy, other) = (_cluster.New<IParticipantGrain>("busy"), _cluster.New<IParticipantGrain>("other"));
        await other.Put(1);
        var goOn = new Signal();
        var running = await Begin(busy, goOn);

        var round = _cluster.CheckpointAll();
        await _cluster.Log.Until($"{busy.GetGrainId()} joined");

        // A second handler of its own may run beside: it is a root, parked while the gate is closed, and let through when it opens.
        await busy.PerformInterleaved(Script.Of(_ => Task.CompletedTask)).WithTimeLimit();
        var result = await round;
        Assert.Equal((CheckpointStatus.PartlyCommitted, CheckpointAbortReason.TooBusy, 2), (result.Status, result.Reason, result.Attempts));
        Assert.Equal((other.GetGrainId(), 2), (Assert.Single(result.Participants).GrainId, result.StableWrites));
        Assert.Equal((busy.GetGrainId(), CheckpointAbortReason.TooBusy), Assert.Single(result.LeftOut) is var leftOut ? (leftOut.GrainId, leftOut.Reason) : default);
        Assert.True(result.StateBytes > 0);
        Assert.Contains("The grains in LeftOut keep their previous permanent checkpoints", result.Detail, StringComparison.Ordinal);
        Assert.Contains(_cluster.Log.All, line => line.Level == LogLevel.Information
            && line.Text.StartsWith($"Round {result.Round} was committed in part: 1 participants, 1 grains were left out. Grain {busy.GetGrainId()}", StringComparison.Ordinal));
        Assert.Contains($"Grain {busy.GetGrainId()}: its running call chains did not end", result.Detail, StringComparison.Ordinal);
        Assert.Contains("raise MaxPause", result.Detail, StringComparison.Ordinal);

        // The independent grain is permanent, from the first attempt on.
        Assert.NotEqual("", _cluster.Store.SlotsOf(other.GetGrainId()));
        Assert.Equal(CheckpointStatus.NothingToDo, (await _cluster.Checkpoint(other)).Status);
        Assert.False(running.IsCompleted);
        await busy.PerformInterleaved(Script.Of(_ => Task.CompletedTask)).WithTimeLimit();

        goOn.Set();
        await running.WithTimeLimit();
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(busy)).Status);
    }

    /// <summary>SPEC K8: the component whose slot was not stored is left out, and each of its grains says why.</summary>
    [Fact]
    public async Task A_component_that_was_not_stored_is_left_out_and_the_others_are_committed()
    {
        var (p, q, other) = (_cluster.New<IParticipantGrain>("p"), _cluster.New<IParticipantGrain>("q"), _cluster.New<IParticipantGrain>("other"));
        await p.Put(1, self => self.Own(q).Put(1));
        await other.Put(1);
        _cluster.Store.OnNextWrite(q.GetGrainId(), WriteFault.Fails);
        var result = await _cluster.CheckpointAll();

        Assert.Equal((CheckpointStatus.PartlyCommitted, CheckpointAbortReason.NotStored, 1), (result.Status, result.Reason, result.Attempts));
        Assert.Equal(other.GetGrainId(), Assert.Single(result.Participants).GrainId);
        Assert.Equal(
            ((GrainId, CheckpointAbortReason)[])[(p.GetGrainId(), CheckpointAbortReason.NotStored), (q.GetGrainId(), CheckpointAbortReason.NotStored)],
            result.LeftOut.Select(grain => (grain.GrainId, grain.Reason)).Order());
        Assert.StartsWith($"it goes together with grain {q.GetGrainId()}: storage", result.LeftOut.Single(grain => grain.GrainId == p.GetGrainId()).Detail, StringComparison.Ordinal);
        Assert.StartsWith($"Grain {q.GetGrainId()}: storage", result.Detail, StringComparison.Ordinal);

        var rest = await _cluster.CheckpointAll();
        Assert.Equal((CheckpointStatus.Committed, 2), (rest.Status, rest.Participants.Count));
    }

    /// <summary>G7: on the only silo there is nowhere else to go, so it must wait.</summary>
    [Fact]
    public async Task A_grain_that_is_deactivated_while_a_member_of_its_round_is_busy_tries_until_it_is_not()
    {
        var (p, busy) = (_cluster.New<IParticipantGrain>("p"), _cluster.New<IParticipantGrain>("busy"));
        await busy.Put(1, self => self.Own(p).Put(1));
        var goOn = new Signal();
        var running = await Begin(busy, goOn);
        var deactivation = _cluster.Silos.DeactivateAsync(p);
        await _cluster.Log.Until($"{p.GetGrainId()} is being deactivated with changes that are not permanent yet").WithTimeLimit();
        goOn.Set();
        await running.WithTimeLimit();
        await deactivation.WithTimeLimit();
        Assert.NotEqual("", _cluster.Store.SlotsOf(p.GetGrainId()));
        Assert.Equal((1, 2), (await p.Get(), await busy.Get()));
        Assert.DoesNotContain(_cluster.Log.All, line => line.Level > LogLevel.Warning && line.Text.Contains(p.GetGrainId().ToString(), StringComparison.Ordinal));
    }

    /// <summary>The request names q, which asks, and r, which awaits q; nobody there knows of p.</summary>
    [Fact]
    public async Task A_checkpoint_that_is_awaited_further_up_the_chain_is_refused_within_the_pause_bound_with_a_hint()
    {
        var (p, r, q) = (_cluster.New<IParticipantGrain>("p"), _cluster.New<IParticipantGrain>("r"), _cluster.New<IParticipantGrain>("q"));
        CheckpointResult? seen = null;
        await p.Put(1, self => self.Own(r).Put(1, between => between.Own(q).Put(1, async inner =>
            seen = await inner.Factory.GetCheckpointCoordinator().Checkpoint(p.GetGrainId(), TestContext.Current.CancellationToken))));
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.TooBusy, 1), (seen!.Status, seen.Reason, seen.Attempts));
        Assert.Contains($"Grain {p.GetGrainId()}", seen.Detail, StringComparison.Ordinal);
        Assert.Contains($"If it waits for grain {q.GetGrainId()}", seen.Detail, StringComparison.Ordinal);
        Assert.InRange(seen.Pause, TimeSpan.Zero, ImpatientCluster.MaxPause);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
    }

    /// <summary>CP-6: the gate is open before anything is written, so calls do not wait for the store. CP-7: what has not voted in time has voted No.</summary>
    [Fact]
    public async Task A_write_that_hangs_counts_as_not_stored_and_may_land_later()
    {
        var p = _cluster.New<IParticipantGrain>();
        await p.Put(1);
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        var (begun, goOn) = (new Signal(), new Signal());
        _cluster.Store.OnNextWrite(p.GetGrainId(), WriteFault.Waits(begun, goOn));
        await p.Put(1);
        var aborted = await _cluster.Checkpoint(p);
        Assert.Equal((CheckpointStatus.Aborted, CheckpointAbortReason.NotStored), (aborted.Status, aborted.Reason));
        Assert.Contains("it did not vote in time", aborted.Detail, StringComparison.Ordinal);

        // The application has gone on all the time, and goes on.
        await p.Put(1);
        goOn.Set();
        Assert.Equal(CheckpointStatus.Committed, (await _cluster.Checkpoint(p)).Status);
        await _cluster.Silos.DeactivateAsync(p).WithTimeLimit();
        Assert.Equal(3, await p.Get());
    }

    private static async Task<Task> Begin(IParticipantGrain grain, Signal goOn)
    {
        var begun = new Signal();
        var running = grain.PerformInterleaved(Script.Of(async self =>
        {
            ((ParticipantGrain)self).Sum.State++;
            begun.Set();
            await goOn.Happens;
        }));
        await begun.Happens;
        return running;
    }
}
