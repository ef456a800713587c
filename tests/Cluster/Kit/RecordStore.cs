using System.Collections.Concurrent;
using System.Text;
using Checkpointing.Runtime.StableStorage;
using Orleans.Storage;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>
/// Grain storage in memory that outlives its silos. A test can read, damage and copy its records, and decide what becomes of a write. It checks
/// ETags like any other.
/// </summary>
public sealed class RecordStore : IGrainStorage
{
    public const string SlotA = "checkpoint-a";
    public const string SlotB = "checkpoint-b";
    public const string Decisions = "decisions";

    public static readonly GrainId Coordinator = GrainId.Create("checkpoint-coordinator", CheckpointCoordinatorExtensions.DefaultKey);

    private readonly ConcurrentDictionary<(string State, GrainId Grain), (StoredRecord Record, string ETag)> _records = new();
    private readonly ConcurrentDictionary<GrainId, (string? State, Task Until)> _delayedReads = new();
    private readonly ConcurrentDictionary<GrainId, int> _reads = new();
    private readonly Lock _lock = new();
    private readonly List<Plan> _plans = [];
    private long _etag;
    private long _writes;

    /// <summary>Told of every write in the instant in which it takes effect.</summary>
    public Action<string, GrainId, StoredRecord>? Landed { get; init; }

    /// <summary>Writes that have landed.</summary>
    public long Writes => Interlocked.Read(ref _writes);

    /// <summary>How many of its records were read, each time that they were.</summary>
    public int ReadsOf(GrainId grain) => _reads.GetValueOrDefault(grain);

    public StoredRecord? this[string state, GrainId grain] => _records.TryGetValue((state, grain), out var found) ? Copy(found.Record) : null;

    /// <summary>Both slots of a grain, as text to compare: nothing may have been overwritten, not even by the same bytes.</summary>
    public string SlotsOf(GrainId grain)
    {
        var text = new StringBuilder();
        foreach (var state in (string[])[SlotA, SlotB])
        {
            if (_records.TryGetValue((state, grain), out var found))
                text.Append(state).Append(' ').Append(found.ETag).Append(' ').Append(found.Record.Checksum).Append(' ').AppendLine(Convert.ToHexString(found.Record.Content));
        }

        return text.ToString();
    }

    /// <summary>What somebody else writes behind the silos' back; null removes the record.</summary>
    public void Put(string state, GrainId grain, StoredRecord? record)
    {
        if (record is null)
            _records.TryRemove((state, grain), out _);
        else
            _records[(state, grain)] = (Copy(record), NextETag());
    }

    public void Copy(GrainId from, GrainId to)
    {
        foreach (var state in (string[])[SlotA, SlotB])
            Put(state, to, this[state, from]);
    }

    /// <summary>The next write of this grain (of any grain if it is the default) goes as <paramref name="behaviour"/> says; it is given the real write.</summary>
    public void OnNextWrite(GrainId grain, Func<Func<Task>, Task> behaviour, int times = 1)
    {
        lock (_lock)
            _plans.Add(new Plan(grain, behaviour) { Left = times });
    }

    /// <summary>The next read of a record of this grain begins only when this has happened.</summary>
    public void DelayNextRead(GrainId grain, Task until, string? state = null) => _delayedReads[grain] = (state, until);

    public void ForgetPlans()
    {
        lock (_lock)
            _plans.Clear();
    }

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.Yield();
        if (_delayedReads.TryGetValue(grainId, out var delayed) && (delayed.State ?? stateName) == stateName && _delayedReads.TryRemove(grainId, out _))
            await delayed.Until;

        var isThere = _records.TryGetValue((stateName, grainId), out var found);
        grainState.State = isThere ? (T)(object)Copy(found.Record) : Activator.CreateInstance<T>();
        grainState.ETag = isThere ? found.ETag : null;
        grainState.RecordExists = isThere;
        _reads.AddOrUpdate(grainId, 1, static (_, reads) => reads + 1);
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.Yield();
        await (PlanFor(grainId)?.Behaviour(Land) ?? Land());

        Task Land()
        {
            var written = (Copy((StoredRecord)(object)grainState.State!), NextETag());
            lock (_lock)
            {
                var stored = _records.TryGetValue((stateName, grainId), out var found) ? found.ETag : null;
                if (stored != grainState.ETag)
                    throw new InconsistentStateException($"{stateName} of {grainId} has ETag {stored}, not {grainState.ETag}", stored, grainState.ETag);

                _records[(stateName, grainId)] = written;
                Landed?.Invoke(stateName, grainId, written.Item1);
            }

            Interlocked.Increment(ref _writes);
            grainState.ETag = written.Item2;
            grainState.RecordExists = true;
            return Task.CompletedTask;
        }
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new NotSupportedException();

    private static StoredRecord Copy(StoredRecord record) => new() { Format = record.Format, Checksum = record.Checksum, Content = [.. record.Content] };

    private string NextETag() => Interlocked.Increment(ref _etag).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private Plan? PlanFor(GrainId grain)
    {
        lock (_lock)
        {
            var plan = _plans.Find(plan => plan.Grain.IsDefault || plan.Grain == grain);
            if (plan is not null && --plan.Left == 0)
                _plans.Remove(plan);

            return plan;
        }
    }

    private sealed class Plan(GrainId grain, Func<Func<Task>, Task> behaviour)
    {
        public GrainId Grain { get; } = grain;

        public Func<Func<Task>, Task> Behaviour { get; } = behaviour;

        public int Left { get; set; }
    }
}
