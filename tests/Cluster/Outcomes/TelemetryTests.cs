using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>What an operator sees of rounds: instruments and activities under the name "Checkpointing", and logs.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public async Task Rounds_are_seen_in_instruments_activities_and_logs()
    {
        await using var cluster = await OutcomeCluster.Start();
        var factory = cluster.Silos.Silos[0].ServiceProvider.GetRequiredService<IMeterFactory>();
        using var meter = new Measurements(factory);
        var ended = new ConcurrentBag<Activity>();
        using var activities = new ActivityListener();
        var ownSource = cluster.Silos.Silos[0].ServiceProvider.GetRequiredService<CheckpointingMetrics>().Activities;
        Assert.Equal("Checkpointing", ownSource.Name);

        // Silos of other tests run beside, and count their rounds from 1.1 too.
        activities.ShouldListenTo = source => ReferenceEquals(source, ownSource);
        activities.Sample = (ref _) => ActivitySamplingResult.AllData;
        activities.ActivityStopped = ended.Add;
        ActivitySource.AddActivityListener(activities);

        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        await p.Put(1, self => self.Own(q).Put(1));
        var committed = await cluster.Checkpoint(p);
        Assert.Equal(CheckpointStatus.Committed, committed.Status);
        await p.Put(1);
        cluster.Store.OnNextWrite(p.GetGrainId(), WriteFault.Fails);
        var aborted = await cluster.Checkpoint(p);
        Assert.Equal(CheckpointStatus.Aborted, aborted.Status);

        Assert.Equal(1, meter.Sum("checkpointing-requests", "status", "Committed"));
        Assert.Equal(1, meter.Sum("checkpointing-requests", "reason", "NotStored"));
        Assert.Equal(2, meter.Sum("checkpointing-rounds"));
        Assert.Equal(2, meter.Sum("checkpointing-slot-writes", "outcome", "Stored"));
        Assert.Equal(1, meter.Sum("checkpointing-slot-writes", "outcome", "NotStored"));
        Assert.Equal(2, meter.Count("checkpointing-pause"));
        Assert.Equal(3, meter.Count("checkpointing-gate-closed"));
        Assert.InRange(meter.Sum("checkpointing-pause"), double.Epsilon, 10_000);

        foreach (var round in (string[])[committed.Round, aborted.Round])
        {
            var activity = Assert.Single(ended, activity => Equals(activity.GetTagItem("checkpointing.round"), round) && activity.OperationName == "checkpoint round");
            Assert.NotNull(activity.GetTagItem("checkpointing.pause_ms"));
        }

        await cluster.Log.Until($"{q.GetGrainId()} made its tentative checkpoint permanent by round {committed.Round}").WithTimeLimit();
        await cluster.Log.Until($"{p.GetGrainId()} undid its tentative checkpoint of round {aborted.Round}").WithTimeLimit();
        var log = cluster.Log.All;
        Assert.Contains((LogLevel.Debug, $"{p.GetGrainId()} took tentative checkpoint {committed.Round}"), log);
        Assert.Contains((LogLevel.Debug, $"{q.GetGrainId()} made its tentative checkpoint permanent by round {committed.Round}"), log);
        Assert.Contains((LogLevel.Debug, $"{p.GetGrainId()} undid its tentative checkpoint of round {aborted.Round}"), log);
        Assert.Contains(log, line => line.Level == LogLevel.Debug && line.Text.StartsWith($"Round {committed.Round} ended: Committed, 2 participants", StringComparison.Ordinal));
        Assert.Contains(log, line => line.Level == LogLevel.Warning && line.Text.StartsWith($"Round {aborted.Round} was aborted. Grain {p.GetGrainId()}", StringComparison.Ordinal));
        Assert.DoesNotContain(log, line => line.Level > LogLevel.Warning);
    }

    [Fact]
    public async Task An_outcome_of_a_healthy_application_is_information()
    {
        await using var cluster = await OutcomeCluster.Start();
        var unwilling = cluster.New<IObservingGrain>();
        await unwilling.Perform(Script.Of(self =>
        {
            ((ObservingGrain)self).IsWilling = false;
            return Task.CompletedTask;
        }));
        var aborted = await cluster.Checkpoint(unwilling);
        Assert.Equal(CheckpointAbortReason.Unwilling, aborted.Reason);
        Assert.Contains(cluster.Log.All, line => line.Level == LogLevel.Information && line.Text.StartsWith($"Round {aborted.Round} was aborted.", StringComparison.Ordinal));
    }
}
