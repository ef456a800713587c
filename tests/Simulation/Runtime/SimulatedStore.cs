using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// Stable storage in the manner of <c>IGrainStorage</c>: whole values under ETags. It survives every crash, and so do writes that are already
/// on their way to it. ETag 0 means that there is no value yet. For the counts it asks where the writer of a key, and the coordinator, stand in a rollback.
/// </summary>
internal sealed class SimulatedStore<T>(VirtualTime time, SeededRandom random, FaultInjector faults, Func<string, IEnumerable<StepOfRound>> recoverySteps, Action<string> onLanded)
    where T : class
{
    private readonly SortedDictionary<string, (T Value, long ETag)> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<StepOfRound, int> _landed = [];
    private long _lastETag;

    public IEnumerable<string> Keys => _values.Keys;

    public int WritesLanded => _landed.Values.Sum();

    public int LandedIn(StepOfRound step) => _landed.GetValueOrDefault(step);

    /// <summary>What a read at this very instant would find.</summary>
    public T? Peek(string key) => _values.TryGetValue(key, out var found) ? found.Value : null;

    /// <summary>Hands over value and ETag, or null if the read fails.</summary>
    public void Read(SiloProcess reader, string key, Action<(T? Value, long ETag)?> done)
    {
        var fails = faults.ReadFails();
        var delay = random.Between(1, 6);
        reader.Send(() => time.After(delay, () =>
        {
            (T?, long)? answer = fails ? null : _values.TryGetValue(key, out var found) ? (found.Value, found.ETag) : (null, 0);
            reader.WhenRunning(() => done(answer));
        }));
    }

    public void Write(SiloProcess writer, string key, T value, long expectedETag, StepOfRound step, Action<WriteOutcome, long> done)
    {
        var fate = faults.NextWriteFate(step);
        var delay = fate == WriteFate.Slow ? random.Between(60, 500) : random.Between(1, 12) + faults.Delay(fate);
        var answer = random.Between(1, 5);
        var lateness = fate == WriteFate.LandsLate ? random.Between(1, 150) : 0;
        var counted = new HashSet<StepOfRound> { step };
        CountInRecovery();
        writer.Send(() => Plan(writer, key, value, expectedETag, step, fate, (delay, answer, lateness), CountInRecovery, done));

        // A rollback may be under way when the write begins, and another step of it when it turns out what became of the write.
        void CountInRecovery()
        {
            if (fate != WriteFate.Lands)
            {
                // Whoever moves has awaited the answers to its writes; an answer to an earlier life is no fault that hits it.
                faults.CountAlso(fate, recoverySteps(key).Where(now => fate == WriteFate.LandsLate || now != StepOfRound.Moving).Where(counted.Add));
            }
        }
    }

    /// <summary>What is on its way lands, whatever becomes of the writer; only the answer waits for it.</summary>
    private void Plan(
        SiloProcess writer, string key, T value, long expectedETag, StepOfRound step, WriteFate fate, (long Delay, long Answer, long Lateness) times, Action shows, Action<WriteOutcome, long> done)
    {
        var (delay, answer, lateness) = times;
        switch (fate)
        {
            case WriteFate.Fails:
                writer.After(delay, () => Answer(WriteOutcome.Failed, 0));
                break;
            case WriteFate.UnknownNotLanded:
                writer.After(delay + answer, () => Answer(WriteOutcome.Unknown, 0));
                break;
            case WriteFate.UnknownLanded:
                time.After(delay, () => Land(key, value, expectedETag, step));
                writer.After(delay + answer, () => Answer(WriteOutcome.Unknown, 0));
                break;
            case WriteFate.LandsLate:
                writer.After(delay, () => Answer(WriteOutcome.Unknown, 0));
                time.After(delay + lateness, () =>
                {
                    shows();
                    Land(key, value, expectedETag, step);
                });
                break;
            default:
                time.After(delay, () =>
                {
                    var landed = Land(key, value, expectedETag, step);
                    var etag = _lastETag;
                    writer.After(answer, () => Answer(landed ? WriteOutcome.Stored : WriteOutcome.Stale, landed ? etag : 0));
                });
                break;
        }

        void Answer(WriteOutcome outcome, long etag)
        {
            shows();
            done(outcome, etag);
        }
    }

    private bool Land(string key, T value, long expectedETag, StepOfRound step)
    {
        var etag = _values.TryGetValue(key, out var found) ? found.ETag : 0;
        if (etag != expectedETag && !faults.IgnoresETags)
        {
            return false;
        }

        _values[key] = (value, ++_lastETag);
        _landed[step] = LandedIn(step) + 1;
        onLanded(key);
        return true;
    }
}

internal enum WriteOutcome
{
    Stored,

    /// <summary>Certainly not stored.</summary>
    Failed,

    /// <summary>The ETag was not the expected one: certainly not stored.</summary>
    Stale,

    /// <summary>Nobody knows.</summary>
    Unknown,
}
