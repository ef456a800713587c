using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
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

    private const long LongestStaleRoute = 200;

    private readonly SortedDictionary<string, SimulatedActor> _actors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (SimulatedActor Actor, long At)> _left = [];
    private int _lastId;
    private int _lastIdentity;
    private long _lastRequest;

    public SimulatedCluster(ulong seed, FaultProfile? profile, Mutation mutation, bool isTraced, SimulationSettings? settings = null)
    {
        // The streams of seeds that follow each other overlap. The older seeds are kept as they are, for those that once failed.
        Random = seed < FaultProfile.FirstSiloSeed ? new SeededRandom(seed) : new SeededRandom(new SeededRandom(seed).NextBits());
        Mutation = mutation;
        Settings = settings ?? SimulationSettings.Of(seed);
        Trace = new SimulationTrace(Time, isTraced);
        Faults = new FaultInjector(profile ?? FaultProfile.Draw(Random, seed), Random, new SeededRandom(new SeededRandom(~seed).NextBits()), new SeededRandom(new SeededRandom(~seed - 1).NextBits()), new SeededRandom(new SeededRandom(~seed - 2).NextBits())) { IgnoresETags = mutation == Mutation.StaleETagsAccepted };
        Network = new SimulatedNetwork(this);
        Connections = new SimulatedConnections(this);
        Silos = new SimulatedSilos(this);
        Moves = new GrainMoves(this);
        Coordinators = new CoordinatorLives(this);
        for (var silos = Faults.Profile is { SiloCrash: > 0 } or { OrderlyStop: > 0 } or { Move: > 0 } ? 2 + Random.Next(3) : 1; silos > 0; silos--)
        {
            Silos.Add();
        }

        Judges = new Judges(this);
        Slots = new SimulatedStore<SlotRecord>(Time, Random, Faults, slot => RecoverySteps((CheckpointedActor)_actors[ParticipantSlots.ParticipantOf(slot)]), OnSlotLanded);
        Record = new SimulatedStore<DecisionRecord>(Time, Random, Faults, _ => RecoverySteps([.. Participants.Where(static waits => waits.Host.Rollback.Step == StepOfRound.AwaitingDecision)]), key => Judges.Permanent.OnStorageChanged(Record!.Peek(key)));
    }

    public SeededRandom Random { get; }

    public VirtualTime Time { get; } = new();

    public SimulationTrace Trace { get; }

    public SimulationSettings Settings { get; }

    public Mutation Mutation { get; }

    public FaultInjector Faults { get; }

    public SimulatedNetwork Network { get; }

    public SimulatedConnections Connections { get; }

    public SimulatedStore<SlotRecord> Slots { get; }

    public SimulatedStore<DecisionRecord> Record { get; }

    public Judges Judges { get; }

    /// <summary>Where calls to each participant go at present.</summary>
    public List<CheckpointedActor> Participants { get; } = [];

    public List<Relay> Relays { get; } = [];

    /// <summary>All activations, also those that are gone.</summary>
    public List<SimulatedActor> Activations { get; } = [];

    public SimulatedSilos Silos { get; }

    public GrainMoves Moves { get; }

    public CoordinatorLives Coordinators { get; }

    /// <summary>The calls of clients that have not ended, more or less.</summary>
    public List<OutgoingCall> ClientCalls { get; } = [];

    /// <summary>Calls between actors.</summary>
    public int CallsCancelled { get; set; }

    /// <summary>For the checkers: all two-way calls.</summary>
    public List<CallRecord> Calls { get; } = [];

    /// <summary>For the checkers: every message sent and every change made by a participant, in any of its lives.</summary>
    public ExactSet EventsOfParticipants { get; } = new();

    /// <summary>Self-perpetuating messages die out from now on.</summary>
    public bool WorkloadIsStopped { get; set; }

    /// <summary>How often everything has crashed.</summary>
    public int LifeNumber { get; private set; }

    /// <summary>The life of the coordinator that callers find.</summary>
    public CoordinatorHost Coordinator => Coordinators.Current;

    public event Action? EverythingCrashed;

    public int NewId() => ++_lastId;

    public SimulatedActor Actor(string name) => _actors[name];

    public CheckpointedActor Participant(ParticipantId id) => Participants.Find(participant => participant.Id == id)!;

    /// <summary>Ids that no random number is spent on.</summary>
    public Guid NextIdentity() => new(++_lastIdentity, 0, 0, new byte[8]);

    public CheckpointedActor AddParticipant(string name, bool isReentrant)
    {
        var actor = new CheckpointedActor(this, name, isReentrant, Silos.Pick());
        Participants.Add(actor);
        Register(actor);
        return actor;
    }

    public void AddRelay(string name, bool isStateless)
    {
        var relay = new Relay(this, name, isStateless, Silos.Pick());
        Relays.Add(relay);
        Register(relay);
    }

    /// <summary>Where a silo sends a message for this actor: an actor whose silo it knows to be gone gets a new activation.</summary>
    public SimulatedActor Route(SimulatedSilo from, string name)
    {
        var actor = _actors[name];
        if (from.KnowsGone(actor.Silo))
        {
            Trace.Line($"{name} was on {actor.Silo}: it gets a new activation");
            return Activate(actor, Silos.Pick());
        }

        return actor;
    }

    /// <summary>The same for a call: a silo may not have heard yet that the actor has moved. Then the silo that it has left passes the call on.</summary>
    public SimulatedActor RouteCall(SimulatedSilo from, string name)
    {
        if (_left.TryGetValue(name, out var left) && Time.Now - left.At < LongestStaleRoute && from != left.Actor.Silo && left.Actor.Silo.IsRunning && !from.KnowsGone(left.Actor.Silo) && Random.Chance(0.5))
        {
            return left.Actor;
        }

        return Route(from, name);
    }

    /// <summary>A new activation on the same silo takes the place of this one.</summary>
    public void Replace(SimulatedActor actor, bool keepQueue)
    {
        if (_actors[actor.Name] == actor)
        {
            Activate(actor, actor.Silo.IsStopping ? Silos.Pick() : actor.Silo, keepQueue);
        }
        else
        {
            actor.Die(keepQueue ? _actors[actor.Name] : null);
        }
    }

    public void Start()
    {
        Coordinators.Start();
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
        Time.After(Random.Between(1, 5), () => Coordinators.Ask(coordinator => coordinator.Request(request, answer)));
    }

    public void RequestRollback(string participant, bool isDryRun, Action<RequestedRollbackOutcome?> done)
    {
        var answer = Judges.Requested.OnAsked(done);
        Time.After(Random.Between(1, 5), () => Coordinators.Ask(coordinator => coordinator.Rollback.Request(ParticipantId.Named(participant), isDryRun, answer)));
    }

    public bool CrashesEverythingNow(double factor = 1)
    {
        if (!Faults.EverythingCrashes(factor))
        {
            return false;
        }

        CrashEverything();
        return true;
    }

    public void CrashEverything()
    {
        Hit(FaultKind.EverythingCrash, Coordinator, Participants);

        Trace.Line($"*** everything crashes ({Coordinator.Step})");
        Judges.Permanent.Judge();
        LifeNumber++;
        foreach (var host in Coordinators.All.Where(host => host.IsAlive))
        {
            host.Crash();
        }

        Silos.CrashAll();
        foreach (var actor in _actors.Values.ToList())
        {
            Activate(actor, Silos.Pick());
        }

        EverythingCrashed?.Invoke();
        Coordinators.Start();
    }

    /// <summary>A clean participant is deactivated and starts anew (SPEC K4: it has nothing to lose).</summary>
    public void RestartWhenClean(CheckpointedActor participant)
    {
        Hit(FaultKind.CleanRestart, Coordinator, [participant]);
        Trace.Line($"*** {participant.Name} is deactivated while clean ({participant.Host.Step})");
        Replace(participant, keepQueue: true);
    }

    public void Hit(FaultKind kind, CoordinatorHost host, IEnumerable<CheckpointedActor> participants)
    {
        Faults.Counts.Hit(kind, host.Step);
        if (host.Rollback.Step is { } step)
        {
            Faults.Counts.Hit(kind, step);
        }

        foreach (var participant in participants)
        {
            Faults.Counts.Hit(kind, participant.Host.Step);
            if (participant.Host.Rollback.Step is { } inRollback)
            {
                Faults.Counts.Hit(kind, inRollback);
            }
        }
    }

    private void Register(SimulatedActor actor)
    {
        _actors[actor.Name] = actor;
        Activations.Add(actor);
    }

    /// <summary>The life of this activation goes on in another one there.</summary>
    public CheckpointedActor Move(CheckpointedActor left, SimulatedSilo to)
    {
        var arrived = new CheckpointedActor(this, left.Name, left.IsReentrant, to);
        Participants[Participants.IndexOf(left)] = arrived;
        Register(arrived);
        _left[left.Name] = (left, Time.Now);
        arrived.Resume(left);
        return arrived;
    }

    private SimulatedActor Activate(SimulatedActor old, SimulatedSilo silo, bool keepQueue = false)
    {
        SimulatedActor successor;
        if (old is CheckpointedActor participant)
        {
            var next = new CheckpointedActor(this, old.Name, old.IsReentrant, silo);
            Participants[Participants.IndexOf(participant)] = next;
            successor = next;
        }
        else
        {
            var next = new Relay(this, old.Name, old.IsReentrant, silo);
            Relays[Relays.IndexOf((Relay)old)] = next;
            successor = next;
        }

        if (old.Silo == silo || keepQueue)
        {
            old.Die(keepQueue ? successor : null);
        }

        Register(successor);
        (successor as CheckpointedActor)?.Host.Load();
        return successor;
    }

    private IEnumerable<StepOfRound> RecoverySteps(params CheckpointedActor[] writers) =>
        writers.Select(writer => writer.IsMoving ? StepOfRound.Moving : writer.Host.Rollback.Step).Append(Coordinator.Rollback.Step).OfType<StepOfRound>();

    private void OnSlotLanded(string slot)
    {
        var head = Slots.Peek(slot)!.Head;
        Trace.Line($"    landed: {slot} = generation {head.Generation}, round {head.Round} based on {head.BaseRound}, {head.Mark}");
        Judges.Permanent.OnStorageChanged(null);
    }
}
