namespace Checkpointing.SiloHost.Demo;

/// <summary>Counts of the demo, written by callers and read by whoever shows progress.</summary>
internal sealed class DemoFigures
{
    private const int MostComplaints = 20;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _rounds = [];
    private readonly List<string> _complaints = [];
    private readonly SortedDictionary<string, int> _abortReasons = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _errors = new(StringComparer.Ordinal);
    private int _acknowledged;
    private int _unanswered;
    private long _participants;
    private long _stableWrites;
    private long _leftOut;

    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Transfers that were given up without an answer, because all silos were killed.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    public int SiloKills { get; set; }

    public int ClusterKills { get; set; }

    public int RollingRestarts { get; set; }

    public int Lost { get; set; }

    public int AcknowledgedBeforeKills { get; set; }

    /// <summary>See <see cref="DemoReport.GrainsRolledBack"/>.</summary>
    public int GrainsRolledBack { get; set; }

    /// <summary>See <see cref="DemoReport.GrainsThatHadToRollBack"/>.</summary>
    public int GrainsThatHadToRollBack { get; set; }

    /// <summary>See <see cref="DemoReport.GrainsTotal"/>.</summary>
    public int GrainsTotal { get; set; }

    /// <summary>How long calls from outside waited in a committed round.</summary>
    public Quantiles Pauses { get; } = new();

    /// <summary>From the kill of a single silo until all others knew of it.</summary>
    public Quantiles Detections { get; } = new();

    /// <summary>From the kill of a single silo until everything worked again.</summary>
    public Quantiles Recoveries { get; } = new();

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

    /// <summary>What clients must not meet: errors that do not pass.</summary>
    public IReadOnlyList<string> Complaints
    {
        get
        {
            lock (_gate)
                return [.. _complaints];
        }
    }

    /// <summary>Aborted checkpoints by reason.</summary>
    public string Aborted => Text(_abortReasons);

    /// <summary>Errors that passed, by code.</summary>
    public string Errors => Text(_errors);

    public void CountAcknowledged() => Interlocked.Increment(ref _acknowledged);

    public void CountUnanswered() => Interlocked.Increment(ref _unanswered);

    public void Complain(string complaint)
    {
        lock (_gate)
        {
            if (_complaints.Count < MostComplaints)
                _complaints.Add(complaint);
        }
    }

    public void CountError(string code) => CountIn(_errors, code);

    public void CountAborted(CheckpointResult result) => CountIn(_abortReasons, result.Reason.ToString());

    public void CountRound(CheckpointResult result)
    {
        lock (_gate)
        {
            // Requests that were merged into one round have the same answer.
            if (!_rounds.Add(result.Round))
                return;

            _participants += result.Participants.Count;
            _stableWrites += result.StableWrites;
            _leftOut += result.LeftOut.Count;
        }

        Pauses.Add(result.Pause);
    }

    private void CountIn(SortedDictionary<string, int> counts, string key)
    {
        lock (_gate)
            counts[key] = counts.GetValueOrDefault(key) + 1;
    }

    private string Text(SortedDictionary<string, int> counts)
    {
        lock (_gate)
            return string.Join(", ", counts.Select(count => $"{count.Key} {count.Value}"));
    }
}
