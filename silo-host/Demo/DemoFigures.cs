namespace Checkpointing.SiloHost.Demo;

/// <summary>Counts of the demo, written by callers and read by whoever shows progress.</summary>
internal sealed class DemoFigures
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _rounds = [];
    private readonly List<double> _pauses = [];
    private readonly List<string> _complaints = [];
    private readonly SortedDictionary<string, int> _abortReasons = new(StringComparer.Ordinal);
    private int _acknowledged;
    private int _refused;
    private int _unknown;
    private long _participants;
    private long _stableWrites;
    private long _leftOut;

    public int Acknowledged => Volatile.Read(ref _acknowledged);

    public int Refused => Volatile.Read(ref _refused);

    public int Unknown => Volatile.Read(ref _unknown);

    public int Kills { get; set; }

    public int Lost { get; set; }

    public int AcknowledgedBeforeKills { get; set; }

    public int Rounds
    {
        get
        {
            lock (_gate)
                return _rounds.Count;
        }
    }

    public long Participants => Interlocked.Read(ref _participants);

    public long StableWrites => Interlocked.Read(ref _stableWrites);

    /// <summary>How many times a grain was left out of a committed round.</summary>
    public long LeftOut => Interlocked.Read(ref _leftOut);

    /// <summary>Answers that contradict an earlier one.</summary>
    public IReadOnlyList<string> Complaints
    {
        get
        {
            lock (_gate)
                return [.. _complaints];
        }
    }

    /// <summary>Aborted checkpoints by reason.</summary>
    public string Aborted
    {
        get
        {
            lock (_gate)
                return string.Join(", ", _abortReasons.Select(reason => $"{reason.Key} {reason.Value}"));
        }
    }

    public void CountAcknowledged() => Interlocked.Increment(ref _acknowledged);

    public void CountRefused() => Interlocked.Increment(ref _refused);

    public void CountUnknown() => Interlocked.Increment(ref _unknown);

    public void Complain(string complaint)
    {
        lock (_gate)
            _complaints.Add(complaint);
    }

    public void CountAborted(CheckpointResult result)
    {
        lock (_gate)
            _abortReasons[result.Reason.ToString()] = _abortReasons.GetValueOrDefault(result.Reason.ToString()) + 1;
    }

    public void CountRound(CheckpointResult result)
    {
        lock (_gate)
        {
            // Requests that were merged into one round have the same answer.
            if (!_rounds.Add(result.Round))
                return;

            _pauses.Add(result.Pause.TotalMilliseconds);
            _participants += result.Participants.Count;
            _stableWrites += result.StableWrites;
            _leftOut += result.LeftOut.Count;
        }
    }

    /// <summary>The pause that this share of the committed rounds did not exceed, in milliseconds.</summary>
    public double PauseQuantile(double share)
    {
        lock (_gate)
        {
            if (_pauses.Count == 0)
                return 0;

            var sorted = _pauses.Order().ToArray();
            return Math.Round(sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)], 2);
        }
    }
}
