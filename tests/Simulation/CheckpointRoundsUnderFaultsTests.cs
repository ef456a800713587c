using System.Diagnostics;
using System.Text;
using Checkpointing.Simulation.Tests.Faults;
using Xunit;

namespace Checkpointing.Simulation.Tests;

public class CheckpointRoundsUnderFaultsTests
{
    private const int SeedsInCi = 22_000;
    private const int SiloSeedsInCi = 31_000;
    private const int SeedsInCiThatLoseSilos = 20_000;
    private const int HitsPerCell = 100;

    /// <summary>So long the run with silos may take. It is bounded coarsely: it takes about one minute on two idle cores.</summary>
    private static readonly TimeSpan LongestRunInCi = TimeSpan.FromMinutes(4);

    [Fact]
    public void No_seed_breaks_a_promise_and_at_least_half_of_the_rounds_commit()
    {
        Assert.SkipUnless(SeededSimulation.SingleSeed is null, "A single seed is replayed.");
        var watch = Stopwatch.StartNew();
        var all = SeededSimulation.Run(firstSeed: 1, SeededSimulation.SeedCount(SeedsInCi));
        Print(all, watch.Elapsed);

        Assert.True(all.Failed.Count == 0, Failures(all));
        Assert.Empty(FaultTable.TooRare(all.Faults, HitsPerCell * all.Seeds / SeedsInCi, silosDie: false));
        Assert.Empty(FaultTable.Violated(all.Faults));
        Assert.True(all.RoundsCommitted * 2 >= all.Rounds - all.RoundsWithNothingToDo, "Fewer than half of the rounds that had something to do committed.");
        Assert.True((all.RequestsCommitted + all.RequestsWithNothingToDo) * 2 >= all.Requests, "Fewer than half of the requests for a checkpoint committed.");
    }

    [Fact]
    public void No_stormy_seed_breaks_a_promise()
    {
        Assert.SkipUnless(SeededSimulation.SingleSeed is null, "A single seed is replayed.");
        var watch = Stopwatch.StartNew();
        var all = SeededSimulation.Run(FaultProfile.FirstStormySeed, SeededSimulation.SeedCount(SeedsInCi) / 4);
        Print(all, watch.Elapsed);

        Assert.True(all.Failed.Count == 0, Failures(all));
    }

    [Fact]
    public void No_seed_that_loses_single_silos_breaks_a_promise()
    {
        Assert.SkipUnless(SeededSimulation.SingleSeed is null, "A single seed is replayed.");
        var watch = Stopwatch.StartNew();
        var all = SeededSimulation.Run(FaultProfile.FirstSiloSeed, SeededSimulation.SeedCount(SiloSeedsInCi));
        var elapsed = watch.Elapsed;
        Print(all, elapsed);

        Assert.True(all.Failed.Count == 0, Failures(all));
        Assert.InRange(all.SeedsThatLostSilos, (int)((long)SeedsInCiThatLoseSilos * all.Seeds / SiloSeedsInCi), all.Seeds);
        Assert.True(elapsed <= LongestRunInCi * Math.Max(1.0, (double)all.Seeds / SiloSeedsInCi), $"{all.Seeds} seeds took {elapsed}.");
        Assert.Empty(FaultTable.TooRare(all.Faults, HitsPerCell * all.Seeds / SiloSeedsInCi, silosDie: true));
        Assert.Empty(FaultTable.Violated(all.Faults));
        Assert.True(all.CallsLostForNothing * 10 <= all.CallsLost, $"Of {all.CallsLost} lost calls {all.CallsLostForNothing} could have been sent again and had not run.");
        Assert.True(all.LateGhosts > 0, "No undone message was on its way for longer than silos remember.");
        Assert.True(all.AskedAndUnknown * 1000 <= all.AskedAndHappened, $"Of {all.AskedAndUnknown} rollbacks that were asked for nobody could say whether they happen.");
    }

    [Fact]
    public void The_seed_of_the_environment_is_replayed_with_its_trace()
    {
        Assert.SkipWhen(SeededSimulation.SingleSeed is null, "Set CHECKPOINTING_SEED to replay one seed.");
        var run = SimulationRun.Of(SeededSimulation.SingleSeed!.Value, isTraced: true);
        Console.WriteLine(run.Cluster.Trace);
        Assert.True(run.Violation is null, run.Violation);
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            Assert.Equal(SimulationRun.Of(seed, isTraced: true).Cluster.Trace.ToString(), SimulationRun.Of(seed, isTraced: true).Cluster.Trace.ToString());
        }
    }

    private static string Failures(SeededSimulation all) => string.Join(
        Environment.NewLine, all.Failed.Take(20).Select(run => $"seed {run.Seed}: {run.Violation}{Environment.NewLine}    {SeededSimulation.ReplayCommand(run.Seed)}"));

    private static void Print(SeededSimulation all, TimeSpan elapsed)
    {
        var text = new StringBuilder();
        text.AppendLine($"{all.Seeds} seeds, {all.Events} events in {elapsed.TotalSeconds:F0} s; {all.Failed.Count} failed.");
        text.AppendLine($"{all.Rounds} rounds, {all.RoundsCommitted} committed, {all.RoundsWithNothingToDo} had nothing to do; {all.CommittedComponents} components, {all.CheckpointsMade} permanent checkpoints; the largest decision had {all.LargestRound} members, {all.DecisionsJudgedMinimal} were judged minimal.");
        text.AppendLine($"{all.Requests} requests: {all.RequestsCommitted} committed, {all.RequestsWithNothingToDo} had nothing to do, aborted: {string.Join(", ", all.Aborts.Select(entry => $"{entry.Value} {entry.Key}"))}.");
        text.AppendLine($"{all.SiloDeaths} silos died, {all.FalseSuspicions} were falsely suspected, in {all.SeedsThatLostSilos} seeds; {all.RollbacksDecided} rollbacks of {all.RolledBack} lives, the largest of {all.LargestRollback}, {all.NotClosed} without having heard from everybody; {all.Dropped} undone messages dropped.");
        text.AppendLine($"{all.ToBeSure} lives rolled back for labels of lives that their senders had forgotten; {all.LateGhosts} times an undone message was found by a round only.");
        text.AppendLine($"{all.SentAgainPerhapsArrived} calls that were lost with a silo, or may not have arrived, were sent again, {all.SentAgain} that were undone or refused; {all.CallsCaught} were caught in a broken connection; {all.CallsLost} were lost for good, {all.CallsLostForNothing} of them although they could be sent again and had not run; {all.CallsCancelled} were cancelled.");
        text.AppendLine($"{all.Moves} lives moved to another silo, {all.LostOnTheWay} were lost on their way; {all.OrderlyStops} silos stopped in order.");
        text.AppendLine($"{all.RollbacksAsked} rollbacks were asked for: {all.AskedAndHappened} happened, the largest of {all.LargestAskedSet}, with {all.Stragglers} stragglers; {all.AskedAndCalledOff} were called off; of {all.AskedAndUnknown} nobody could say; {all.DryRuns} were dry runs.");
        text.AppendLine($"The longest pause was {all.LongestPause} ms.");
        text.Append(FaultTable.Text(all.Faults));
        foreach (var checker in all.Failed.GroupBy(run => run.Checker))
        {
            text.AppendLine($"{checker.Key}: {checker.Count()} seeds: {string.Join(' ', checker.Take(8).Select(run => run.Seed))}");
        }

        Report.Write(text.ToString());
    }
}
