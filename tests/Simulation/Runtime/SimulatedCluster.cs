using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>Everything that one simulation consists of. Single-threaded; the seed decides all.</summary>
internal sealed class SimulatedCluster
{
    public const long LongestControlDelay = 150;
    public const long SilenceLimit = 600;
    public const long AskInterval = 80;

    private readonly SortedDictionary<string, SimulatedActor> _actors = new(StringComparer.Ordinal);
    private readonly List<CoordinatorHost> _coordinators = [];
    private int _lastId;
    private int _coordinatorLives;
    private long _lastRequest;

    public SimulatedCluster(ulong seed, FaultProfile? profile, Mutation mutation, bool isTraced)
    {
        Random = new SeededRandom(seed);
        Mutation = mutation;
        Trace = new SimulationTrace(Time, isTraced);
        Faults = new FaultInjector(profile ?? FaultProfile.Draw(Random, isStormy: seed >= FaultProfile.FirstStormySeed), Random) { IgnoresETags = mutation == Mutation.StaleETagsAccepted };
        Network = new SimulatedNetwork(this);
        Judges = new Judges(this);
        Slots = new SimulatedStore<SlotRecord>(Time, Random, Faults, OnSlotLanded);
        Record = new SimulatedStore<DecisionRecord>(Time, Random, Faults, key => Judges.Permanent.OnStorageChanged(Record!.Peek(key)));
    }

    public SeededRandom Random { get; }

    public VirtualTime Time { get; } = new();

    public SimulationTrace Trace { get; }

    public SimulationSettings Settings { get; init; } = new();

    public Mutation Mutation { get; }

    public FaultInjector Faults { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedStore<SlotRecord> Slots { get; }

    public SimulatedStore<DecisionRecord> Record { get; }

    public Judges Judges { get; }

    public List<CheckpointedActor> Participants { get; } = [];

    public List<Relay> Relays { get; } = [];

    /// <summary>For the checkers: all two-way calls.</summary>
    public List<CallRecord> Calls { get; } = [];

    /// <summary>For the checkers: every message sent and every change made by a participant, in any of its lives.</summary>
    public ExactSet EventsOfParticipants { get; } = new();

    /// <summary>Self-perpetuating messages die out from now on.</summary>
    public bool WorkloadIsStopped { get; set; }

    /// <summary>How often everything has crashed.</summary>
    public int LifeNumber { get; private set; }

    /// <summary>The life of the coordinator that callers find.</summary>
    public CoordinatorHost Coordinator => _coordinators[^1];

    public IReadOnlyList<CoordinatorHost> Coordinators => _coordinators;

    public event Action? EverythingCrashed;

    public int NewId() => ++_lastId;

    public SimulatedActor Actor(string name) => _actors[name];

    public CheckpointedActor Participant(ParticipantId id) => Participants.Find(participant => participant.Id == id)!;

    public CheckpointedActor AddParticipant(string name, bool isReentrant)
    {
        var actor = new CheckpointedActor(this, name, isReentrant);
        _actors.Add(name, actor);
        Participants.Add(actor);
        return actor;
    }

    public void AddRelay(string name, bool isStateless)
    {
        var relay = new Relay(this, name, isStateless);
        _actors.Add(name, relay);
        Relays.Add(relay);
    }

    public void Start()
    {
        StartCoordinator();
        foreach (var participant in Participants)
        {
            participant.Host.Load();
        }
    }

    public void RequestCheckpoint(IReadOnlyCollection<string> initiators, IReadOnlyList<string> awaitedBy, Action<CheckpointOutcome?> done)
    {
        var request = new CheckpointRequest(
            ++_lastRequest,
            [.. initiators.Select(ParticipantId.Named)],
            Mutation == Mutation.AwaitingChainsNotNamed ? [] : [.. awaitedBy.Distinct().Select(ParticipantId.Named)]);
        var answer = Judges.Requests.OnAsked(request.Id, initiators, awaitedBy, done);
        Time.After(Random.Between(1, 5), () => Coordinator.Request(request, answer));
    }

    /// <summary>While an old life still runs, messages may reach it, the new one, or both.</summary>
    public void DeliverToCoordinator(ToCoordinator message)
    {
        var zombie = _coordinators.Find(host => host.IsAlive && host.IsZombie);
        var choice = zombie is null ? 0 : Random.Next(3);
        if (choice > 0)
        {
            zombie!.Receive(message);
        }

        if (choice < 2)
        {
            Coordinator.Receive(message);
        }
    }

    public bool CrashesCoordinatorNow(CoordinatorHost host)
    {
        if (!host.IsAlive || host.IsZombie || !Faults.CoordinatorCrashes())
        {
            return false;
        }

        CrashCoordinator(host, Faults.BecomesZombie());
        return true;
    }

    public void CrashCoordinator(CoordinatorHost host, bool becomesZombie)
    {
        Faults.Counts.Hit(FaultKind.CoordinatorCrash, host.Step);
        foreach (var participant in Participants)
        {
            Faults.Counts.Hit(FaultKind.CoordinatorCrash, participant.Host.Step);
        }

        Trace.Line($"*** coordinator {host.Number} {(becomesZombie ? "is cut off" : "crashes")} ({host.Step})");
        if (becomesZombie)
        {
            host.BecomeZombie();
            Time.After(Random.Between(50, 600), host.Crash);
        }
        else
        {
            host.Crash();
        }

        var life = LifeNumber;
        Time.After(Random.Between(1, 60), () =>
        {
            if (life == LifeNumber && ReferenceEquals(Coordinator, host))
            {
                StartCoordinator();
            }
        });
    }

    /// <summary>A life that was superseded is gone; the next use creates a new one (SPEC K31).</summary>
    public void OnCoordinatorGone(CoordinatorHost host)
    {
        var life = LifeNumber;
        Time.After(5, () =>
        {
            if (life == LifeNumber && ReferenceEquals(Coordinator, host))
            {
                StartCoordinator();
            }
        });
    }

    public bool CrashesEverythingNow()
    {
        if (!Faults.EverythingCrashes())
        {
            return false;
        }

        CrashEverything();
        return true;
    }

    public void CrashEverything()
    {
        Faults.Counts.Hit(FaultKind.EverythingCrash, Coordinator.Step);
        foreach (var participant in Participants)
        {
            Faults.Counts.Hit(FaultKind.EverythingCrash, participant.Host.Step);
        }

        Trace.Line($"*** everything crashes ({Coordinator.Step})");
        Judges.Permanent.Judge();
        LifeNumber++;
        foreach (var host in _coordinators.Where(host => host.IsAlive))
        {
            host.Crash();
        }

        foreach (var participant in Participants)
        {
            participant.Restart(keepQueue: false);
        }

        foreach (var relay in Relays)
        {
            relay.Crash();
        }

        EverythingCrashed?.Invoke();
        StartCoordinator();
    }

    /// <summary>A clean participant is deactivated and starts anew (SPEC K4: it has nothing to lose).</summary>
    public void RestartWhenClean(CheckpointedActor participant)
    {
        Faults.Counts.Hit(FaultKind.CleanRestart, participant.Host.Step);
        Faults.Counts.Hit(FaultKind.CleanRestart, Coordinator.Step);
        Trace.Line($"*** {participant.Name} is deactivated while clean ({participant.Host.Step})");
        participant.Restart(keepQueue: true);
    }

    private void OnSlotLanded(string slot)
    {
        var head = Slots.Peek(slot)!.Head;
        Trace.Line($"    landed: {slot} = generation {head.Generation}, round {head.Round} based on {head.BaseRound}, {head.Mark}");
        Judges.Permanent.OnStorageChanged(null);
    }

    private void StartCoordinator()
    {
        _coordinators.RemoveAll(host => !host.IsAlive);
        var host = new CoordinatorHost(this, ++_coordinatorLives);
        _coordinators.Add(host);
        host.Start();
    }
}
