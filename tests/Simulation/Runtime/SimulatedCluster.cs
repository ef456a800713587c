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

    /// <summary>So long after the death of a silo the last of the others learns of it.</summary>
    public const long LongestNotice = 150;

    private readonly SortedDictionary<string, SimulatedActor> _actors = new(StringComparer.Ordinal);
    private readonly Dictionary<Life, SimulatedSilo> _silosOfLives = [];
    private readonly List<CoordinatorHost> _coordinators = [];
    private int _lastId;
    private int _lastSilo;
    private int _lastIdentity;
    private int _coordinatorLives;
    private long _lastRequest;

    public SimulatedCluster(ulong seed, FaultProfile? profile, Mutation mutation, bool isTraced)
    {
        // The streams of seeds that follow each other overlap. The older seeds are kept as they are, for those that once failed.
        Random = seed < FaultProfile.FirstSiloSeed ? new SeededRandom(seed) : new SeededRandom(new SeededRandom(seed).NextBits());
        Mutation = mutation;
        Trace = new SimulationTrace(Time, isTraced);
        Faults = new FaultInjector(profile ?? FaultProfile.Draw(Random, seed), Random) { IgnoresETags = mutation == Mutation.StaleETagsAccepted };
        Network = new SimulatedNetwork(this);
        Clients = new SimulatedSilo(this, "clients");
        for (var silos = Faults.Profile.SiloCrash > 0 ? 2 + Random.Next(3) : 1; silos > 0; silos--)
        {
            AddSilo();
        }

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

    /// <summary>Where calls to each participant go at present.</summary>
    public List<CheckpointedActor> Participants { get; } = [];

    public List<Relay> Relays { get; } = [];

    /// <summary>All activations, also those that are gone.</summary>
    public List<SimulatedActor> Activations { get; } = [];

    public List<SimulatedSilo> Silos { get; } = [];

    /// <summary>Not a silo, but it too learns which silos are gone.</summary>
    public SimulatedSilo Clients { get; }

    /// <summary>The calls of clients that have not ended, more or less.</summary>
    public List<OutgoingCall> ClientCalls { get; } = [];

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

    public SiloId SiloOf(Life life) => _silosOfLives[life].Id;

    public void OnLifeBegan(Life life, SimulatedActor actor) => _silosOfLives[life] = actor.Silo;

    /// <summary>Ids that no random number is spent on.</summary>
    public Guid NextIdentity() => new(++_lastIdentity, 0, 0, new byte[8]);

    public SimulatedSilo AddSilo()
    {
        var silo = new SimulatedSilo(this, $"silo{++_lastSilo}");
        Silos.Add(silo);
        foreach (var gone in Silos.Where(other => other.IsDeclaredDead))
        {
            silo.LearnGone(gone);
        }

        return silo;
    }

    public CheckpointedActor AddParticipant(string name, bool isReentrant)
    {
        var actor = new CheckpointedActor(this, name, isReentrant, PickSilo());
        Participants.Add(actor);
        Register(actor);
        return actor;
    }

    public void AddRelay(string name, bool isStateless)
    {
        var relay = new Relay(this, name, isStateless, PickSilo());
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
            return Activate(actor, PickSilo());
        }

        return actor;
    }

    /// <summary>A new activation on the same silo takes the place of this one.</summary>
    public void Replace(SimulatedActor actor, bool keepQueue)
    {
        if (_actors[actor.Name] == actor)
        {
            Activate(actor, actor.Silo, keepQueue);
        }
        else
        {
            actor.Die(keepQueue ? _actors[actor.Name] : null);
        }
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

    public void DeliverToRollbackCoordinator(ToRollbackCoordinator message)
    {
        var zombie = _coordinators.Find(host => host.IsAlive && host.IsZombie);
        var choice = zombie is null ? 0 : Random.Next(3);
        if (choice > 0)
        {
            zombie!.Rollback.Receive(message);
        }

        if (choice < 2)
        {
            Coordinator.Rollback.Receive(message);
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
        Hit(FaultKind.CoordinatorCrash, host, Participants);

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
        foreach (var host in _coordinators.Where(host => host.IsAlive))
        {
            host.Crash();
        }

        var gone = Silos.Where(silo => silo.IsRunning).ToList();
        foreach (var silo in gone)
        {
            silo.DeclareDead();
            silo.Stop();
        }

        foreach (var activation in Activations)
        {
            activation.Die();
        }

        Activations.Clear();
        gone.ForEach(_ => AddSilo());
        foreach (var actor in _actors.Values.ToList())
        {
            Activate(actor, PickSilo());
        }

        EverythingCrashed?.Invoke();
        StartCoordinator();
    }

    /// <summary>A fault, perhaps: this silo dies now, or is only believed to have died.</summary>
    public bool SiloCrashesNow(SimulatedSilo silo)
    {
        if (!MayCrash(silo) || !Faults.SiloCrashes())
        {
            return false;
        }

        CrashSilo(silo, isFalseSuspicion: Faults.IsFalseSuspicion());
        return !silo.IsRunning;
    }

    /// <summary>A fault, perhaps, at a moment when it matters most: while a participant of this silo stores a snapshot, or is in doubt and has to roll back.</summary>
    public void LoseWhileInDoubt(SimulatedSilo silo, double falsely)
    {
        if (MayCrash(silo) && Faults.IsLostWhileInDoubt())
        {
            CrashSilo(silo, isFalseSuspicion: Random.Chance(falsely));
        }
    }

    public void CrashSilo(SimulatedSilo silo, bool isFalseSuspicion)
    {
        Trace.Line($"*** {silo} {(isFalseSuspicion ? "is falsely declared dead" : "dies")} ({Coordinator.Step})");
        Hit(isFalseSuspicion ? FaultKind.FalseSuspicion : FaultKind.SiloDeath, Coordinator, silo.Participants);
        Judges.Rollbacks.OnSiloCrash(isFalseSuspicion);
        silo.DeclareDead();
        if (isFalseSuspicion)
        {
            Time.After(Random.Between(50, 600), () => Kill(silo));
        }
        else
        {
            Kill(silo);
        }

        var life = LifeNumber;
        foreach (var other in Silos.Where(other => other != silo && other.IsRunning).Append(Clients))
        {
            Time.After(Random.Between(5, LongestNotice), () =>
            {
                if (life == LifeNumber)
                {
                    other.LearnGone(silo);
                    foreach (var host in _coordinators.Where(host => host.IsAlive && host.Silo == other).ToList())
                    {
                        host.OnSilos();
                    }
                }
            });
        }

        if (Coordinator.IsAlive && Coordinator.Silo == silo)
        {
            CrashCoordinator(Coordinator, becomesZombie: isFalseSuspicion);
        }

        Time.After(Random.Between(20, 200), () =>
        {
            if (life == LifeNumber)
            {
                AddSilo();
                Coordinator.OnSilos();
            }
        });
    }

    /// <summary>A clean participant is deactivated and starts anew (SPEC K4: it has nothing to lose).</summary>
    public void RestartWhenClean(CheckpointedActor participant)
    {
        Hit(FaultKind.CleanRestart, Coordinator, [participant]);
        Trace.Line($"*** {participant.Name} is deactivated while clean ({participant.Host.Step})");
        Replace(participant, keepQueue: true);
    }

    private bool MayCrash(SimulatedSilo silo) =>
        silo is { IsRunning: true, IsDeclaredDead: false } && Silos.Count(other => other is { IsRunning: true, IsDeclaredDead: false }) > 1;

    private void Hit(FaultKind kind, CoordinatorHost host, IEnumerable<CheckpointedActor> participants)
    {
        Faults.Counts.Hit(kind, host.Step);
        if (host.Rollback.Step is { } step)
        {
            Faults.Counts.Hit(kind, step);
        }

        foreach (var participant in participants)
        {
            Faults.Counts.Hit(kind, participant.Host.Step);
            if (participant.Host.RollbackStep is { } inRollback)
            {
                Faults.Counts.Hit(kind, inRollback);
            }
        }
    }

    private SimulatedSilo PickSilo()
    {
        var usable = Silos.Where(silo => silo.IsRunning && !silo.IsDeclaredDead).ToList();
        return usable.Count == 1 ? usable[0] : Random.Pick(usable);
    }

    private void Register(SimulatedActor actor)
    {
        _actors[actor.Name] = actor;
        Activations.Add(actor);
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

        if (old.Silo == silo)
        {
            old.Die(keepQueue ? successor : null);
        }

        Register(successor);
        (successor as CheckpointedActor)?.Host.Load();
        return successor;
    }

    private void Kill(SimulatedSilo silo)
    {
        silo.Stop();
        foreach (var host in _coordinators.Where(host => host.IsAlive && host.Silo == silo && host != Coordinator))
        {
            host.Crash();
        }

        foreach (var activation in Activations.Where(actor => actor.Silo == silo))
        {
            activation.Die();
        }
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
        var host = new CoordinatorHost(this, ++_coordinatorLives, PickSilo());
        _coordinators.Add(host);
        host.Start();
        host.OnSilos();
    }
}
