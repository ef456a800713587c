using Checkpointing.Protocol;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Simulation.Tests.Checkers;
using Checkpointing.Simulation.Tests.Faults;
using Checkpointing.Simulation.Tests.Mutants;
using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests;

/// <summary>One seed from start to end: a stormy time, then a calm one in which everything must come to rest, then a last checkpoint and a restart.</summary>
internal sealed class SimulationRun
{
    private const int EventLimit = 200_000;

    private SimulationRun(ulong seed, SimulatedCluster cluster)
    {
        Seed = seed;
        Cluster = cluster;
    }

    public ulong Seed { get; }

    public SimulatedCluster Cluster { get; }

    /// <summary>Which checker complained, or null.</summary>
    public string? Checker { get; private set; }

    public string? Violation { get; private set; }

    public static SimulationRun Of(ulong seed, Mutation mutation = Mutation.None, FaultProfile? profile = null, bool isTraced = false, SimulationSettings? settings = null)
    {
        var run = new SimulationRun(seed, new SimulatedCluster(seed, profile, mutation, isTraced, settings));
        try
        {
            run.Play();
        }
        catch (SimulationViolationException violation)
        {
            run.Checker = violation.Checker;
            run.Violation = violation.Message;
        }
        catch (Exception bug) when (bug is InvalidOperationException or NullReferenceException or ArgumentException or KeyNotFoundException)
        {
            run.Checker = bug is ProtocolInvariantViolatedException ? "protocol invariant" : "no exceptions";
            run.Violation = bug.ToString();
        }

        return run;
    }

    private void Play()
    {
        var workload = new Workload(Cluster, Cluster.Settings.StormyTime);
        Cluster.Start();
        workload.Start();
        if (!Cluster.Time.RunUntil(Cluster.Settings.StormyTime, EventLimit))
        {
            Cluster.Judges.Report("progress", "too many events");
        }

        Cluster.Faults.IsOn = false;
        workload.Stop();
        ComeToRest(afterRound: false);
        if (!workload.EveryClientIsAnswered)
        {
            Cluster.Judges.Report("progress", "a client was never answered");
        }

        var last = CheckpointEverybody();
        for (var attempts = 1; attempts < 4 && WhyIncomplete(last) is AbortReason.Superseded or AbortReason.NotStored or AbortReason.OrphanFound; attempts++)
        {
            // The coordinator or a participant has only now found out that it was superseded; its caller asks again.
            last = CheckpointEverybody();
        }

        if (last is not (CheckpointCommitted or NothingToCheckpoint))
        {
            Cluster.Judges.Report("progress", $"a checkpoint of everybody on the idle system ended with {last}");
        }

        Cluster.Judges.Permanent.JudgeNothingIsMissing();
        Cluster.Judges.Rollbacks.JudgeLiveState(afterRound: true);
        Cluster.CrashEverything();
        ComeToRest(afterRound: true);
    }

    private static AbortReason? WhyIncomplete(CheckpointOutcome? outcome) => outcome switch
    {
        CheckpointAborted aborted => aborted.First.Reason,
        CheckpointPartlyCommitted partly => partly.First.Reason,
        _ => null,
    };

    private CheckpointOutcome? CheckpointEverybody()
    {
        CheckpointOutcome? last = null;
        Cluster.RequestCheckpoint([.. Cluster.Participants.Select(participant => participant.Name)], [], outcome => last = outcome);
        ComeToRest(afterRound: false);
        return last;
    }

    private void ComeToRest(bool afterRound)
    {
        if (!Cluster.Time.RunToEnd(EventLimit))
        {
            Cluster.Judges.Report("progress", "the system never comes to rest");
        }

        Cluster.Judges.Rounds.JudgeNoneIsRunning();
        Cluster.Judges.Gates.JudgeAllOpen();
        Cluster.Judges.Requests.JudgeAllAnswered();
        Cluster.Judges.Requested.JudgeAllAnswered();
        Cluster.Judges.Permanent.Judge();
        Cluster.Judges.Rollbacks.JudgeLiveState(afterRound);
    }
}
