using System.Globalization;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;

namespace Checkpointing.Simulation.Tests;

/// <summary>Runs many seeds, each for itself, and adds up what they have seen.</summary>
internal sealed class SeededSimulation
{
    private readonly Lock _lock = new();

    public FaultCounts Faults { get; } = new();

    public SortedDictionary<string, int> Aborts { get; } = new(StringComparer.Ordinal);

    public List<SimulationRun> Failed { get; } = [];

    public int Seeds { get; private set; }

    public long Events { get; private set; }

    public long Rounds { get; private set; }

    public long RoundsCommitted { get; private set; }

    public long RoundsWithNothingToDo { get; private set; }

    public long CommittedComponents { get; private set; }

    public long CheckpointsMade { get; private set; }

    public long DecisionsJudgedMinimal { get; private set; }

    public long Requests { get; private set; }

    public long RequestsCommitted { get; private set; }

    public long RequestsWithNothingToDo { get; private set; }

    /// <summary>At least one silo died, or was held to be dead.</summary>
    public int SeedsThatLostSilos { get; private set; }

    public long SiloDeaths { get; private set; }

    public long FalseSuspicions { get; private set; }

    public long RollbacksAsked { get; private set; }

    public long AskedAndHappened { get; private set; }

    public long AskedAndCalledOff { get; private set; }

    public long AskedAndUnknown { get; private set; }

    public long DryRuns { get; private set; }

    public long Stragglers { get; private set; }

    public int LargestAskedSet { get; private set; }

    public long OrderlyStops { get; private set; }

    public long Moves { get; private set; }

    public long LostOnTheWay { get; private set; }

    public long RollbacksDecided { get; private set; }

    public long RolledBack { get; private set; }

    public int LargestRollback { get; private set; }

    public long Dropped { get; private set; }

    public long NotClosed { get; private set; }

    public long ToBeSure { get; private set; }

    public long LateGhosts { get; private set; }

    public long SentAgain { get; private set; }

    public long SentAgainPerhapsArrived { get; private set; }

    public long CallsCaught { get; private set; }

    public long CallsLost { get; private set; }

    public long CallsLostForNothing { get; private set; }

    public long CallsCancelled { get; private set; }

    public long LongestPause { get; private set; }

    public int LargestRound { get; private set; }

    public static int SeedCount(int otherwise) =>
        Environment.GetEnvironmentVariable("CHECKPOINTING_SEEDS") is { Length: > 0 } count ? int.Parse(count, CultureInfo.InvariantCulture) : otherwise;

    public static ulong? SingleSeed =>
        Environment.GetEnvironmentVariable("CHECKPOINTING_SEED") is { Length: > 0 } seed ? ulong.Parse(seed, CultureInfo.InvariantCulture) : null;

    public static string ReplayCommand(ulong seed) =>
        $"CHECKPOINTING_SEED={seed} dotnet test -c Release --project tests/Simulation --filter-class {typeof(CheckpointRoundsUnderFaultsTests).FullName}";

    public static SeededSimulation Run(ulong firstSeed, int count)
    {
        var all = new SeededSimulation();
        Parallel.For(0, count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i => all.Add(SimulationRun.Of(firstSeed + (ulong)i)));
        all.Failed.Sort((left, right) => left.Seed.CompareTo(right.Seed));
        return all;
    }

    /// <summary>The first seed that catches this mistake, or null.</summary>
    public static SimulationRun? FirstThatCatches(Mutation mutation, ulong firstSeed, int count)
    {
        for (var seed = firstSeed; seed < firstSeed + (ulong)count; seed++)
        {
            var run = SimulationRun.Of(seed, mutation);
            if (run.Violation is not null)
            {
                return run;
            }
        }

        return null;
    }

    private void Add(SimulationRun run)
    {
        var judges = run.Cluster.Judges;
        lock (_lock)
        {
            Seeds++;
            Faults.Add(run.Cluster.Faults.Counts);
            Events += run.Cluster.Time.EventsRun;
            Rounds += judges.Rounds.Rounds;
            RoundsCommitted += judges.Rounds.Committed;
            RoundsWithNothingToDo += judges.Rounds.NothingToDo;
            CommittedComponents += judges.Writes.Committed;
            CheckpointsMade += judges.Permanent.CheckpointsMade;
            DecisionsJudgedMinimal += judges.Permanent.RoundsJudgedMinimal;
            Requests += judges.Requests.Asked;
            RequestsCommitted += judges.Requests.Committed;
            RequestsWithNothingToDo += judges.Requests.NothingToDo;
            SeedsThatLostSilos += judges.Rollbacks.SiloCrashes + judges.Rollbacks.FalseSuspicions > 0 ? 1 : 0;
            SiloDeaths += judges.Rollbacks.SiloCrashes;
            FalseSuspicions += judges.Rollbacks.FalseSuspicions;
            RollbacksAsked += judges.Requested.Asked;
            AskedAndHappened += judges.Requested.Happened;
            AskedAndCalledOff += judges.Requested.CalledOff;
            AskedAndUnknown += judges.Requested.Unknown;
            DryRuns += judges.Requested.DryRuns;
            Stragglers += judges.Requested.Stragglers;
            LargestAskedSet = Math.Max(LargestAskedSet, judges.Requested.LargestSet);
            OrderlyStops += judges.Rollbacks.OrderlyStops;
            Moves += judges.Rollbacks.Moves;
            LostOnTheWay += judges.Rollbacks.LostOnTheWay;
            RollbacksDecided += judges.Rollbacks.Decided;
            RolledBack += judges.Rollbacks.RolledBack;
            LargestRollback = Math.Max(LargestRollback, judges.Rollbacks.LargestSet);
            Dropped += judges.Rollbacks.Dropped;
            NotClosed += judges.Rollbacks.NotClosed;
            ToBeSure += judges.Rollbacks.ToBeSure;
            LateGhosts += judges.Rollbacks.LateGhosts;
            SentAgain += judges.Rollbacks.SentAgain;
            SentAgainPerhapsArrived += judges.Rollbacks.SentAgainPerhapsArrived;
            CallsLost += run.Cluster.Calls.Count(call => call.LostInTime);
            CallsLostForNothing += run.Cluster.Calls.Count(call => call.IsLostForNothing);
            CallsCaught += run.Cluster.Connections.CallsCaught;
            CallsCancelled += run.Cluster.CallsCancelled;
            LongestPause = Math.Max(LongestPause, judges.Gates.LongestPause);
            LargestRound = Math.Max(LargestRound, judges.Permanent.LargestRound);
            foreach (var (reason, count) in judges.Requests.Aborted)
            {
                Aborts[reason.ToString()] = Aborts.GetValueOrDefault(reason.ToString()) + count;
            }

            if (run.Violation is not null)
            {
                Failed.Add(run);
            }
        }
    }
}
