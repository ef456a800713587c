using Checkpointing.SiloHost.Demo;
using Checkpointing.SiloHost.Demo.Faults;

namespace Checkpointing.SiloHost.Tests;

public sealed class FaultPlanTests
{
    [Theory]
    [InlineData(0, 3, 0, 0)]
    [InlineData(1, 3, 0, 0)]
    [InlineData(2, 3, 1, 0)]
    [InlineData(3, 3, 2, 0)]
    [InlineData(5, 3, 2, 1)]
    [InlineData(8, 3, 3, 1)]
    [InlineData(10, 3, 3, 2)]
    [InlineData(3, 1, 3, 0)]
    public void The_usual_mix_has_both_kinds_of_kills_and_a_rolling_restart_with_every_five(int kills, int silos, int clusterKills, int rollingRestarts)
    {
        Assert.Equal(clusterKills, FaultPlan.UsualClusterKills(kills, silos));
        Assert.Equal(rollingRestarts, FaultPlan.UsualRollingRestarts(kills, clusterKills));
    }

    [Fact]
    public void The_seed_decides_the_order_and_nothing_else()
    {
        var options = new DemoOptions { SiloKills = 7, ClusterKills = 3, RollingRestarts = 2, Seed = 1, DataFolder = "" };
        var first = FaultPlan.Draw(options, new Random(1));

        Assert.Equal(first, FaultPlan.Draw(options, new Random(1)));
        Assert.NotEqual(first, FaultPlan.Draw(options, new Random(2)));
        Assert.Equal((7, 3, 2), (Count(Fault.SiloKill), Count(Fault.ClusterKill), Count(Fault.RollingRestart)));

        int Count(Fault fault) => first.Count(drawn => drawn == fault);
    }
}
