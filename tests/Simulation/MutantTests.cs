using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;
using Xunit;

namespace Checkpointing.Simulation.Tests;

/// <summary>Deliberate mistakes: the simulation must notice each of them, else its silence means nothing.</summary>
public class MutantTests
{
    private const int MostSeeds = 2000;

    /// <summary>
    /// Not among them: what breaks no promise, with a test of its own below; and an arrival that is not tested (RB-12), because the report of the new silo makes up
    /// for it unless the old silo dies in the same moment. That shows once in some thousand seeds; MoveScenarios looks at the rule itself. Nor relays that send their calls again: caller and callee
    /// must have become permanent while the relay still waited, and the callee must start again. LostCallScenarios shows it, and what happens if a call counts as timed out although a second copy is under way. Nor who takes a forgotten round for an aborted one: once in some
    /// ten thousand seeds; ForgottenRoundScenarios shows it. Nor a silo that forgets what makes its own participants orphans: that shows once in a hundred thousand; ForgettingScenarios shows the rule. Nor a fence that meets the next life of who has written it; RollbackScenarios shows that. Nor what is caught more seldom than once in
    /// two thousand seeds, see below.
    /// </summary>
    public static TheoryData<string> Mistakes => [.. Enum.GetNames<Mutation>().Where(name => name is not
        (nameof(Mutation.None) or nameof(Mutation.GateLetsRootsPass) or nameof(Mutation.LivesNotOrdered) or nameof(Mutation.ArrivalNotTested) or nameof(Mutation.RelaysSendAgain) or nameof(Mutation.SecondCopiesGivenUp) or nameof(Mutation.AbortNotVerified) or nameof(Mutation.OrphansForgotten) or nameof(Mutation.InterruptedCallsLost) or nameof(Mutation.ReplacedWhileWriting) or nameof(Mutation.OldFactsNotTold) or nameof(Mutation.RoundsFindingsNotHeard)))];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_checker_catches(string mistake)
    {
        var mutation = Enum.Parse<Mutation>(mistake);
        var first = mutation.NeedsSilosThatDie() ? FaultProfile.FirstSiloSeed : 1;
        var caught = SeededSimulation.FirstThatCatches(mutation, first, MostSeeds);

        Assert.True(caught is not null, $"{mistake} was not noticed in {MostSeeds} seeds.");
        Report.Write($"{mistake}: caught by \"{caught.Checker}\" after {caught.Seed - first + 1} seeds.");
    }

    /// <summary>
    /// K28 orders lives. The fence alone decides which of two lives goes on, and whoever is declared over stops when it hears of it; the order only
    /// keeps an earlier life that is still running from fencing off its successor, which costs that one a restart.
    /// </summary>
    [Fact]
    public void Lives_without_an_order_break_no_promise()
    {
        const int Seeds = 2000;
        for (var seed = FaultProfile.FirstSiloSeed; seed < FaultProfile.FirstSiloSeed + Seeds; seed++)
        {
            var run = SimulationRun.Of(seed, Mutation.LivesNotOrdered);
            Assert.True(run.Violation is null, $"seed {seed}: {run.Violation}");
        }
    }

    /// <summary>
    /// K27. Whatever a coordinator had found out, the next one nearly always finds out again, or hears from those who are ready. Of 100,000 seeds from the first that loses silos on, each run with SimulationRun.Of, ten showed it: in nine somebody who had been told to roll back before
    /// that did so twice, in one an orphan lived on until the next round. The first 2,000 have it. ForgettingScenarios shows the rule itself.
    /// </summary>
    [Fact]
    public void A_coordinator_that_does_not_hear_what_silos_know_already_costs_somebody_a_second_rollback()
    {
        var caught = SeededSimulation.FirstThatCatches(Mutation.OldFactsNotTold, FaultProfile.FirstSiloSeed, MostSeeds);
        Assert.Equal("livelock", caught?.Checker);
    }

    /// <summary>K27: nearly always somebody else finds out the same. It showed in 176 of the same 100,000 seeds.</summary>
    [Fact]
    public void What_a_round_finds_out_and_nobody_hears_is_missed()
    {
        var caught = SeededSimulation.FirstThatCatches(Mutation.RoundsFindingsNotHeard, FaultProfile.FirstSiloSeed, 2 * MostSeeds);
        Assert.True(caught is not null, $"It was not noticed in {2 * MostSeeds} seeds.");
        Report.Write($"{Mutation.RoundsFindingsNotHeard}: caught by \"{caught.Checker}\" after {caught.Seed - FaultProfile.FirstSiloSeed + 1} seeds.");
    }

    /// <summary>RB-20: the judges believe that a call is lost when the protocol says so; how often it says so without need is counted.</summary>
    [Fact]
    public void Calls_that_are_given_up_at_once_show_in_the_share_of_those_that_had_not_run()
    {
        var (usual, mutant) = (Share(Mutation.None), Share(Mutation.InterruptedCallsLost));
        Report.Write($"Of lost calls {usual:P0} could have been sent again and had not run; {mutant:P0} if every interrupted call counts as lost.");
        Assert.True(usual <= 0.1 && mutant > 0.1);

        static double Share(Mutation mutation)
        {
            const int Seeds = 600;
            var (lost, forNothing) = (0, 0);
            for (var seed = FaultProfile.FirstSiloSeed; seed < FaultProfile.FirstSiloSeed + Seeds; seed++)
            {
                var calls = SimulationRun.Of(seed, mutation).Cluster.Calls;
                lost += calls.Count(call => call.LostInTime);
                forNothing += calls.Count(call => call.IsLostForNothing);
            }

            return (double)forNothing / lost;
        }
    }

    /// <summary>SPEC K16: safety is verification, liveness is the gate.</summary>
    [Fact]
    public void Without_gates_permanent_checkpoints_stay_consistent_and_snapshots_are_retaken_more_often()
    {
        const int Seeds = 300;
        int withGates = 0, withoutGates = 0;
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            withGates += SimulationRun.Of(seed).Cluster.Judges.Rounds.Retakes;
            var ungated = SimulationRun.Of(seed, Mutation.GateLetsRootsPass);
            withoutGates += ungated.Cluster.Judges.Rounds.Retakes;
            Assert.True(ungated.Violation is null, $"seed {seed}: {ungated.Violation}");
        }

        Report.Write($"Snapshots retaken in {Seeds} seeds: {withGates} with gates, {withoutGates} without.");
        Assert.True(withoutGates > withGates);
    }
}
