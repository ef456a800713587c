namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// The process of a silo. Whatever happens on the silo is planned here, because a process may be paused, by the system or for a long collection of garbage: then nothing
/// happens there, and everything that is due meanwhile happens when it goes on, in about that order. Only what it had handed to the network and to storage is on its way.
/// </summary>
internal sealed class SiloProcess(SimulatedCluster cluster, SimulatedSilo silo)
{
    private long _pausedSince;
    private long _pausedUntil;
    private long _pausedBefore;

    public bool IsPaused => silo.IsRunning && _pausedUntil > cluster.Time.Now;

    /// <summary>So long it stays paused.</summary>
    public long PauseLeft => IsPaused ? _pausedUntil - cluster.Time.Now : 0;

    /// <summary>The time for which it has run.</summary>
    public long TimeRun => IsPaused ? _pausedSince - _pausedBefore : cluster.Time.Now - _pausedBefore - (_pausedUntil - _pausedSince);

    public void Pause(long milliseconds)
    {
        _pausedBefore += _pausedUntil - _pausedSince;
        _pausedSince = cluster.Time.Now;
        _pausedUntil = _pausedSince + milliseconds;
    }

    public void After(long delay, Action action) => cluster.Time.After(delay, () => WhenRunning(action));

    /// <summary>At once, or when it goes on.</summary>
    public void WhenRunning(Action action)
    {
        if (IsPaused)
        {
            After(PauseLeft + cluster.Faults.LagAfterPause(), action);
        }
        else
        {
            action();
        }
    }

    /// <summary>What leaves the process, at once or when it goes on. If it never does, nothing leaves.</summary>
    public void Send(Action action)
    {
        if (IsPaused)
        {
            WhenRunning(() =>
            {
                if (silo.IsRunning)
                {
                    action();
                }
            });
        }
        else
        {
            action();
        }
    }
}
