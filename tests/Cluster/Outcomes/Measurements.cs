using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>What the silo of one meter factory measures; other tests run beside.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Instrument, double Value, KeyValuePair<string, object?>[] Tags)> _all = new();

    public Measurements(IMeterFactory scope)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Checkpointing" && ReferenceEquals(instrument.Meter.Scope, scope))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _all.Enqueue((instrument.Name, value, tags.ToArray())));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _all.Enqueue((instrument.Name, value, tags.ToArray())));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    public int Count(string instrument) => _all.Count(measured => measured.Instrument == instrument);

    public double Sum(string instrument, string? tag = null, string? value = null) => _all
        .Where(measured => measured.Instrument == instrument && (tag is null || measured.Tags.Any(item => item.Key == tag && Equals(item.Value, value))))
        .Sum(measured => measured.Value);
}
