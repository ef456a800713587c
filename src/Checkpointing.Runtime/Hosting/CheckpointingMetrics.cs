using System.Diagnostics;
using System.Diagnostics.Metrics;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.StableStorage;

namespace Checkpointing.Runtime.Hosting;

/// <summary>Instruments and activities under the name "Checkpointing".</summary>
internal sealed class CheckpointingMetrics : IDisposable
{
    public const string Name = "Checkpointing";

    private readonly Meter _meter;
    private readonly Counter<long> _requests;
    private readonly Counter<long> _rounds;
    private readonly Counter<long> _writes;
    private readonly Counter<long> _rollbacks;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _markers;
    private readonly Counter<long> _drops;
    private readonly Histogram<double> _pause;
    private readonly Histogram<double> _gate;

    public CheckpointingMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(Name);
        _requests = _meter.CreateCounter<long>("checkpointing-requests", "{request}", "Requests for a checkpoint, by outcome and reason; one round may serve many");
        _rounds = _meter.CreateCounter<long>("checkpointing-rounds", "{round}", "Rounds that closed a gate, however they ended");
        _writes = _meter.CreateCounter<long>("checkpointing-slot-writes", "{write}", "Checkpoints written to slots, by outcome");
        _rollbacks = _meter.CreateCounter<long>("checkpointing-rollbacks", "{grain}", "Grains that were rolled back to their permanent checkpoints because they depended on lost work");
        _dropped = _meter.CreateCounter<long>("checkpointing-dropped-messages", "{message}", "Messages that were not received because they came from undone work");
        _markers = _meter.CreateCounter<long>("checkpointing-markers", "{write}", "Markers written to slots between rounds, to prove old decisions; by outcome");
        _drops = _meter.CreateCounter<long>("checkpointing-decision-drops", "{write}", "Writes of the record of decisions between rounds, to drop those that are proven");
        _pause = _meter.CreateHistogram<double>("checkpointing-pause", "ms", "From the first closed gate of a round to the last opened one");
        _gate = _meter.CreateHistogram<double>("checkpointing-gate-closed", "ms", "How long one grain's gate was closed");
    }

    public ActivitySource Activities { get; } = new(Name);

    public void RequestEnded(CheckpointStatus status, CheckpointAbortReason reason) =>
        _requests.Add(1, new KeyValuePair<string, object?>("status", status.ToString()), new KeyValuePair<string, object?>("reason", reason.ToString()));

    public void RoundEnded(TimeSpan pause)
    {
        _rounds.Add(1);
        _pause.Record(pause.TotalMilliseconds);
    }

    public void SlotWritten(SlotWriteOutcome outcome) => _writes.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString()));

    public void RolledBack() => _rollbacks.Add(1);

    public void MessageDropped() => _dropped.Add(1);

    public void MarkerWritten(FenceOutcome outcome) => _markers.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString()));

    public void DecisionsDropped() => _drops.Add(1);

    public void GateOpened(TimeSpan closedFor) => _gate.Record(closedFor.TotalMilliseconds);

    public void Dispose()
    {
        _meter.Dispose();
        Activities.Dispose();
    }
}
