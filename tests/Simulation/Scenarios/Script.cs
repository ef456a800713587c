using System.Globalization;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Protocol.Labels;
using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Scenarios;

/// <summary>A scenario of docs/scenarios.md on the simulator: nothing happens by chance that matters, and control messages can be held back.</summary>
internal sealed class Script
{
    private readonly List<object> _control = [];

    /// <param name="actors">
    /// Names of participants; "g*" is reentrant, "/s" is a stateless actor without checkpointed state. "p@2" is on the second silo; then the
    /// coordinator and all activations to come are on the first.
    /// </param>
    public Script(params string[] actors)
        : this(isTraced: true, actors)
    {
    }

    public Script(bool isTraced, params string[] actors)
        : this(Mutation.None, isTraced, actors)
    {
    }

    public Script(Mutation mutation, params string[] actors)
        : this(mutation, isTraced: true, actors)
    {
    }

    public Script(SimulationSettings settings, params string[] actors)
        : this(Mutation.None, isTraced: true, actors, settings)
    {
    }

    private Script(Mutation mutation, bool isTraced, string[] actors, SimulationSettings? settings = null)
    {
        Cluster = new SimulatedCluster(seed: 1, FaultProfile.None, mutation, isTraced, settings ?? new SimulationSettings());
        foreach (var actor in actors)
        {
            Add(actor.Split('@'));
        }

        Cluster.Silos.Placement = Cluster.Silos.All.Count > 1 ? Silo(1) : null;

        Hold(static (_, _) => false);
        Cluster.Start();
        Run(60);
    }

    public SimulatedCluster Cluster { get; }

    public string Trace => Cluster.Trace.ToString();

    /// <summary>Without markers.</summary>
    public int SlotWrites => Cluster.Slots.WritesLanded - Markers;

    /// <summary>Markers that have landed.</summary>
    public int Markers => Cluster.Slots.LandedIn(StepOfRound.Proving);

    /// <summary>Without those that only drop what is proven.</summary>
    public int RecordWrites => Cluster.Record.WritesLanded - Drops;

    /// <summary>Writes of the record outside of rounds and starts.</summary>
    public int Drops => Cluster.Judges.Writes.Drops;

    public DecisionRecord Record => Cluster.Record.Peek(CoordinatorHost.RecordKey)!;

    public CheckpointedActor this[string participant] => (CheckpointedActor)Cluster.Actor(participant);

    public IEnumerable<string> RolledBack => Cluster.Judges.Rollbacks.RolledBackLives.Select(life => life.Participant.ToString()).Order(StringComparer.Ordinal);

    /// <summary>All control messages so far, whoever sent them.</summary>
    public IEnumerable<T> Control<T>() => _control.OfType<T>();

    /// <summary>A life of a participant of which no more than that matters.</summary>
    public static Life NewLife(int number, SiloId silo = default) => new(ParticipantId.Named("x"), new Incarnation(number, new Guid(number, 0, 0, new byte[8])), silo);

    public static CallPlan Call(string target, params PlanStep[] steps) => new(target, false, steps);

    public static Await Awaits(string target, params PlanStep[] steps) => new([Call(target, steps)], TimeoutMilliseconds: 1000);

    public static SendOneWay OneWay(string target, params PlanStep[] steps) => new(Call(target, steps));

    public void Run(long milliseconds) => Assert(Cluster.Time.RunUntil(Cluster.Time.Now + milliseconds, Cluster.Time.EventsRun + 100_000));

    /// <summary>Step by step until this holds.</summary>
    public void RunUntil(Func<bool> holds)
    {
        for (var end = Cluster.Time.Now + 5000; !holds(); Run(1))
        {
            Assert(Cluster.Time.Now < end);
        }
    }

    /// <summary>Until nothing is left to happen; then all must be at rest.</summary>
    public void Settle()
    {
        Assert(Cluster.Time.RunToEnd(Cluster.Time.EventsRun + 100_000));
        Cluster.Judges.Rounds.JudgeNoneIsRunning();
        Cluster.Judges.Gates.JudgeAllOpen();
        Cluster.Judges.Permanent.Judge();
        if (Cluster.Silos.All.Count > 1)
        {
            // With one silo, scripts replace activations by hand, and nobody hears of that.
            Cluster.Judges.Rollbacks.JudgeLiveState(afterRound: true);
        }
    }

    public SimulatedSilo Silo(int number) => Cluster.Silos.All[number - 1];

    /// <summary>A silo dies; those named, or else all others, hear of it at once.</summary>
    public void Lose(int number, params int[] heardBy)
    {
        Cluster.Silos.Lose(Silo(number), isFalseSuspicion: false);
        Tell(number, heardBy);
    }

    /// <summary>All others hear that this silo has died, and it goes on for a while.</summary>
    public void Suspect(int number)
    {
        Cluster.Silos.Lose(Silo(number), isFalseSuspicion: true, goesOnFor: 1000);
        Tell(number);
    }

    /// <summary>Those named, or else all others, hear that this silo is gone.</summary>
    public void Tell(int gone, params int[] silos)
    {
        foreach (var other in silos.Length > 0 ? [.. silos.Select(Silo)] : Cluster.Silos.All.Where(other => other.IsRunning && other != Silo(gone)).Append(Cluster.Silos.Clients).ToList())
        {
            Cluster.Silos.Tell(other, Silo(gone));
        }
    }

    /// <summary>A client has this actor send so many one-way messages.</summary>
    public void Sends(string from, string to, int count = 1)
    {
        Client(Call(from, [.. Enumerable.Repeat(OneWay(to), count)]));
        Run(80);
    }

    /// <summary>A client calls; the answer arrives some time.</summary>
    public CallRecord Client(CallPlan plan)
    {
        var call = new CallRecord { Request = Cluster.NewId(), Caller = null, Callee = plan.Target, Through = null };
        Cluster.Calls.Add(call);
        Cluster.Network.Send(Cluster.Silos.Clients, Cluster.Route(Cluster.Silos.Clients, plan.Target), new Request
        {
            Id = call.Request,
            Call = call,
            From = null,
            IsRoot = Cluster.Actor(plan.Target).IsCheckpointed,
            WantsLabel = false,
            Stamps = [],
            Carries = new ExactSet(),
            Plan = plan,
            Chain = [],
            OnResponse = _ => call.End = CallEnd.Completed,
            OnFailed = end => call.End = end,
        });
        return call;
    }

    public Requested Checkpoint(params string[] initiators)
    {
        var requested = new Requested();
        Cluster.RequestCheckpoint(initiators, [], outcome => requested.Outcome = outcome);
        return requested;
    }

    /// <summary>Keeps back the control messages for which this holds, until <see cref="Release"/>.</summary>
    public void Hold(Func<string, object, bool> isHeld) => Cluster.Network.Hold = (participant, message) =>
    {
        _control.Add(message);
        return isHeld(participant, message);
    };

    public void Release()
    {
        Hold(static (_, _) => false);
        var held = Cluster.Network.Held.ToList();
        Cluster.Network.Held.Clear();
        foreach (var (_, deliver) in held)
        {
            deliver();
        }
    }

    /// <summary>The state that a restart would choose now.</summary>
    public ActorState Permanent(string participant) =>
        PermanentCut.Of(Cluster.Slots.Peek($"{participant}/A"), Cluster.Slots.Peek($"{participant}/B"), Record).Permanent?.State ?? new ActorState();

    private void Add(string[] actorAndSilo)
    {
        if (actorAndSilo is [_, var number])
        {
            while (Cluster.Silos.All.Count < int.Parse(number, CultureInfo.InvariantCulture))
            {
                Cluster.Silos.Add();
            }

            Cluster.Silos.Placement = Silo(int.Parse(number, CultureInfo.InvariantCulture));
        }

        var actor = actorAndSilo[0];
        if (actor[0] == '/')
        {
            Cluster.AddRelay(actor[1..], isStateless: true);
        }
        else
        {
            Cluster.AddParticipant(actor.TrimEnd('*'), isReentrant: actor[^1] == '*');
        }
    }

    private static void Assert(bool ended)
    {
        if (!ended)
        {
            throw new SimulationViolationException("progress", "too many events");
        }
    }

    /// <summary>Somebody waits for the outcome of a checkpoint.</summary>
    internal sealed class Requested
    {
        public CheckpointOutcome? Outcome { get; set; }

        /// <summary>Who took part in what was committed, in order of names.</summary>
        public IEnumerable<string> Cohort => ((CheckpointCommitted)Outcome!).Report.Committed.Select(member => member.Participant.ToString()).Order(StringComparer.Ordinal);

        public int Retakes => ((CheckpointCommitted)Outcome!).Report.Retakes;

        public AbortReason Aborted => ((CheckpointAborted)Outcome!).First.Reason;
    }
}
