using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Runtime;
using Checkpointing.Simulation.Tests.Scenarios;
using Xunit;
using static Checkpointing.Simulation.Tests.Scenarios.Script;

namespace Checkpointing.Simulation.Tests;

/// <summary>K7: the record of decisions is read and written in one piece, so it must grow neither with the number of rounds nor with that of coordinators.</summary>
public class DecisionRecordSizeTests
{
    [Fact]
    public void Committed_rounds_coalesce_although_every_seventh_round_fails_and_one_participant_checkpoints_only_once()
    {
        const int Rounds = 2000;
        var script = new Script(isTraced: false, "idle", "p", "q", "r");
        Change(script, Call("idle"));
        Checkpoint(script, "idle");
        var (committed, mostRuns, mostNames) = (0, 0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            if (round % 7 == 0)
            {
                script.Cluster.Faults.ScriptedWrites.Enqueue(Faults.WriteFate.Fails);
            }

            committed += Round(script) is CheckpointCommitted ? 1 : 0;
            mostRuns = Math.Max(mostRuns, script.Record.CommittedRuns.Length);
            mostNames = Math.Max(mostNames, script.Record.Unproven.Sum(run => run.Members.Length));
        }

        Report.Write($"{committed} of {Rounds} rounds committed; the record never had more than {mostRuns} runs and {mostNames} names. {script.Markers} markers, {script.Drops} drops.");
        Assert.True(committed > Rounds / 2);
        Assert.InRange(mostRuns, 1, 8);
        Assert.InRange(mostNames, 1, 8);

        script.Settle();
        Assert.Empty(script.Record.CommittedRuns);
        Assert.InRange(script.Markers, 1, committed);
    }

    /// <summary>Each ends before its round is proven.</summary>
    [Fact]
    public void Hundreds_of_coordinators_that_end_in_good_order_leave_nothing()
    {
        const int Lives = 500;
        var script = new Script(isTraced: false, "p", "q", "r");
        var most = 0;
        for (var life = 0; life < Lives; life++)
        {
            Assert.IsType<CheckpointCommitted>(Round(script));
            var number = script.Cluster.Coordinator.Number;
            script.Cluster.Coordinators.Stop();
            AwaitCoordinator(script, after: number);
            most = Math.Max(most, script.Record.CommittedRuns.Length);
        }

        Report.Write($"{Lives} coordinators in epochs up to {script.Record.Epoch}; the record never had more than {most} runs.");
        Assert.True(script.Record.Epoch > Lives);
        Assert.InRange(most, 1, 8);
        script.Settle();
        Assert.Empty(script.Record.CommittedRuns);
    }

    /// <summary>The names in the record tell the next one whom to ask, also those who have changed nothing since.</summary>
    [Fact]
    public void Hundreds_of_coordinators_that_crash_leave_nothing_as_long_as_the_record_names_the_members()
    {
        const int Lives = 500;
        var script = new Script(isTraced: false, [.. Enumerable.Range(0, Lives).Select(number => $"p{number}"), "q"]);
        for (var life = 0; life < Lives; life++)
        {
            // Every round has a member of its own, which no later round draws in.
            Change(script, Call($"p{life}", Awaits("q")));
            Assert.IsType<CheckpointCommitted>(Checkpoint(script, $"p{life}"));
            Crash(script);
        }

        script.Settle();
        Assert.True(script.Record.Epoch > Lives);
        Assert.Empty(script.Record.CommittedRuns);
        Assert.Empty(script.Record.Unproven);
    }

    /// <summary>
    /// The bound that is left: of a round with more members than the record has room to name, one run stays for each coordinator that crashes before
    /// they have proven it. No later coordinator can know whom it waits for, so none forgets it.
    /// </summary>
    [Fact]
    public void A_coordinator_that_crashes_while_the_members_do_not_fit_leaves_one_run()
    {
        const int Crashes = 300;
        var tooLong = new string('p', DecisionRecord.MostBytesOfNames);
        var script = new Script(isTraced: false, tooLong, "q", "r");
        for (var life = 0; life < Crashes; life++)
        {
            for (var round = 0; round < 3; round++)
            {
                Change(script, Call(tooLong, Awaits("q")));
                Assert.IsType<CheckpointCommitted>(Checkpoint(script, "q"));
            }

            Crash(script);
        }

        script.Settle();
        Assert.InRange(script.Record.CommittedRuns.Length, Crashes / 2, Crashes);
        Assert.Empty(script.Record.Unproven);
        Assert.All(script.Record.CommittedRuns, run => Assert.True(run.Epoch < script.Record.Epoch));
        script.Cluster.CrashEverything();
        script.Settle();
    }

    private static CheckpointOutcome? Round(Script script)
    {
        Change(script, Call("p", Awaits("q")), Call("r"));
        return Checkpoint(script, "p", "r");
    }

    private static void Change(Script script, params CallPlan[] plans)
    {
        var calls = plans.Select(script.Client).ToList();
        script.RunUntil(() => calls.TrueForAll(call => call.End == CallEnd.Completed));
    }

    private static CheckpointOutcome? Checkpoint(Script script, params string[] initiators)
    {
        var requested = script.Checkpoint(initiators);
        script.RunUntil(() => requested.Outcome is not null);
        return requested.Outcome;
    }

    private static void Crash(Script script)
    {
        var number = script.Cluster.Coordinator.Number;
        script.Cluster.Coordinators.Crash(script.Cluster.Coordinator, becomesZombie: false);
        AwaitCoordinator(script, after: number);
    }

    private static void AwaitCoordinator(Script script, int after) =>
        script.RunUntil(() => script.Cluster.Coordinator is { Coordinator.Phase: CoordinatorPhase.Ready } present && present.Number > after);
}
