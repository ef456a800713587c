using Checkpointing.Simulation.Tests.Runtime;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>All checkers of one simulation. The first violation ends it.</summary>
internal sealed class Judges
{
    public Judges(SimulatedCluster cluster)
    {
        var pause = cluster.Settings.PauseBound + (2 * SimulatedCluster.LongestControlDelay) + 20;
        if (!cluster.Faults.Profile.LosesNoControlMessage)
        {
            pause += cluster.Settings.VoteBudget + SimulatedCluster.SilenceLimit + SimulatedCluster.LongestControlDelay;
        }

        Permanent = new PermanentJudge(cluster);
        Gates = new GateChecker(pause, Report);
        Decisions = new DecisionChecker(Report);
        Writes = new WriteChecker(cluster);
        Requests = new RequestChecker(cluster);
        Rounds = new RoundChecker(cluster);
        Rollbacks = new RollbackJudge(cluster);
        LifeEnds = new LifeEndChecker(cluster);
        Requested = new RequestedRollbackJudge(cluster);
        RecoveryLine = new RecoveryLineJudge(cluster);
    }

    public PermanentJudge Permanent { get; }

    public GateChecker Gates { get; }

    public DecisionChecker Decisions { get; }

    public WriteChecker Writes { get; }

    public RequestChecker Requests { get; }

    public RoundChecker Rounds { get; }

    public RollbackJudge Rollbacks { get; }

    public LifeEndChecker LifeEnds { get; }

    public RequestedRollbackJudge Requested { get; }

    public RecoveryLineJudge RecoveryLine { get; }

    public void Report(string checker, string detail) => throw new SimulationViolationException(checker, detail);
}
