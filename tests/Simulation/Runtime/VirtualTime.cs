namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>The one clock and agenda of a simulation, in milliseconds. Events of the same instant happen in the order in which they were planned.</summary>
internal sealed class VirtualTime
{
    private const int SequenceBits = 24;

    private readonly PriorityQueue<Action, long> _agenda = new();
    private long _sequence;

    public long Now { get; private set; }

    public int EventsRun { get; private set; }

    public void After(long delay, Action action) => _agenda.Enqueue(action, ((Now + delay) << SequenceBits) | ++_sequence);

    /// <summary>RB-23: as a host's timer would.</summary>
    public void ForgetEvery(SiloProcess process, long? interval, long end, Func<bool> isAlive, Action forget)
    {
        if (interval is not { } delay || Now >= end)
        {
            return;
        }

        process.After(delay, () =>
        {
            if (isAlive())
            {
                forget();
                ForgetEvery(process, interval, end, isAlive, forget);
            }
        });
    }

    /// <summary>Runs events up to this instant; false if the agenda was not finished within the limit of events.</summary>
    public bool RunUntil(long end, int eventLimit)
    {
        while (_agenda.TryPeek(out _, out var key) && key >> SequenceBits <= end)
        {
            if (EventsRun >= eventLimit)
            {
                return false;
            }

            RunNext();
        }

        Now = Math.Max(Now, end);
        return true;
    }

    /// <summary>Runs until nothing is left to happen; false if that takes more events than the limit.</summary>
    public bool RunToEnd(int eventLimit)
    {
        while (_agenda.Count > 0)
        {
            if (EventsRun >= eventLimit)
            {
                return false;
            }

            RunNext();
        }

        return true;
    }

    private void RunNext()
    {
        _agenda.TryDequeue(out var action, out var key);
        Now = key >> SequenceBits;
        EventsRun++;
        action!();
    }
}
