using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Simulation.Tests.Scenarios;
using Xunit;

namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>The judges of rollbacks see what they are there for.</summary>
public class RecoveryJudgeTests
{
    [Fact]
    public void The_recovery_line_sees_who_rolls_back_without_need()
    {
        var script = P_has_sent_to_q();
        var judge = script.Cluster.Judges.RecoveryLine;
        judge.JudgeAtRest();
        var end = new LifeEnd(script["q"].Host.Ledger.Life, 0);
        Assert.Equal("recovery line", Assert.Throws<SimulationViolationException>(() => judge.OnDecided([end])).Checker);

        Forget(script, "p");
        judge.OnDecided([end]);
    }

    [Fact]
    public void The_recovery_line_sees_an_orphan_that_goes_on()
    {
        var script = P_has_sent_to_q();
        Forget(script, "p");

        Assert.Equal("recovery line", Assert.Throws<SimulationViolationException>(script.Cluster.Judges.RecoveryLine.JudgeAtRest).Checker);
    }

    [Fact]
    public void The_recovery_line_sees_a_lost_call_that_its_caller_remembers()
    {
        var script = P_has_sent_to_q();
        script.Client(Script.Call("p", Script.Awaits("q")));
        script.Settle();
        script.Cluster.Calls[^1].LostInTime = true;

        Assert.Equal("recovery line", Assert.Throws<SimulationViolationException>(script.Cluster.Judges.RecoveryLine.JudgeAtRest).Checker);
    }

    /// <summary>RB-1: before and after the checkpoint becomes permanent that contradicts what was said.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fact_that_a_permanent_checkpoint_contradicts_is_seen(bool isSaidFirst)
    {
        var script = P_has_sent_to_q();
        var said = new LifeEnded(new LifeEnd(script["p"].Host.Ledger.Life, 0));
        Action say = () => script.Cluster.Judges.LifeEnds.OnSaid(said);
        Action checkpoint = () =>
        {
            script.Checkpoint("p");
            script.Settle();
        };
        (isSaidFirst ? say : checkpoint)();

        Assert.Equal("facts", Assert.Throws<SimulationViolationException>(isSaidFirst ? checkpoint : say).Checker);
    }

    private static Script P_has_sent_to_q()
    {
        var script = new Script("p", "q");
        script.Sends("p", "q");
        script.Settle();
        return script;
    }

    /// <summary>A new activation takes the place of this one, and nobody is told.</summary>
    private static void Forget(Script script, string participant)
    {
        script.Cluster.Replace(script[participant], keepQueue: false);
        script.Run(60);
    }
}
