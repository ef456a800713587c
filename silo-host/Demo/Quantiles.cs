namespace Checkpointing.SiloHost.Demo;

/// <summary>Durations, in milliseconds.</summary>
internal sealed class Quantiles
{
    private readonly Lock _gate = new();
    private readonly List<double> _values = [];

    public void Add(TimeSpan duration)
    {
        lock (_gate)
            _values.Add(duration.TotalMilliseconds);
    }

    /// <summary>The value that this share of all did not exceed; 0 if there is none.</summary>
    public double Of(double share)
    {
        lock (_gate)
        {
            if (_values.Count == 0)
                return 0;

            var sorted = _values.Order().ToArray();
            return Math.Round(sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)], 2);
        }
    }
}
