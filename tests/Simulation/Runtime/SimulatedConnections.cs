using Checkpointing.Simulation.Tests.Faults;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>
/// The connections between silos that both go on. While one breaks, calls that are written to it are reported to their callers as not delivered; some of them were delivered
/// nevertheless, and are run now or much later. Whatever is decided here spends random numbers of its own.
/// </summary>
internal sealed class SimulatedConnections(SimulatedCluster cluster)
{
    private readonly Dictionary<(SimulatedSilo From, SimulatedSilo To), long> _brokenUntil = [];

    /// <summary>Scripts only: after what time a call that was caught arrives; null if never.</summary>
    public Func<Request, long?>? Arrival { get; set; }

    public int CallsCaught { get; private set; }

    private SeededRandom Random => cluster.Faults.Connections;

    /// <summary>A fault, perhaps: the connection between this silo and another one breaks.</summary>
    public void MayBreak(SimulatedSilo silo, double factor)
    {
        if (!silo.IsRunning || !cluster.Faults.ConnectionBreaks(factor))
        {
            return;
        }

        var others = cluster.Silos.All.Where(other => other != silo && other.IsRunning).ToList();
        if (others.Count > 0)
        {
            cluster.Hit(FaultKind.BrokenConnection, cluster.Coordinator, silo.ParticipantsAndLeaving);
            Break(silo, Random.Pick(others), Random.Between(5, 60));
        }
    }

    public void Break(SimulatedSilo one, SimulatedSilo other, long duration)
    {
        cluster.Trace.Line($"*** the connection between {one} and {other} is broken for {duration} ms ({cluster.Coordinator.Step})");
        _brokenUntil[(one, other)] = _brokenUntil[(other, one)] = cluster.Time.Now + duration;
    }

    /// <summary>Whether the connection breaks while this call is written to it; then all that becomes of it happens here.</summary>
    public bool Catches(SimulatedSilo from, SimulatedActor to, Request request, Action notDelivered)
    {
        if (_brokenUntil.GetValueOrDefault((from, to.Silo)) < cluster.Time.Now || _brokenUntil.Count == 0 || (Arrival is null && !Random.Chance(0.8)))
        {
            return false;
        }

        CallsCaught++;
        long? arrival = Arrival is not null ? Arrival(request) : Random.Chance(0.6) ? Random.Chance(0.5) ? Random.Between(1, 10) : Random.Between(10, 400) : null;
        cluster.Trace.Line($"    m{request.Id} is caught in a broken connection and arrives {(arrival is null ? "never" : $"after {arrival} ms")}");
        from.Process.After(Random.Between(1, 20), notDelivered);
        if (arrival is { } delay)
        {
            cluster.Network.Send(from, to.Silo, delay, () => to.Deliver(request));
        }

        return true;
    }
}
